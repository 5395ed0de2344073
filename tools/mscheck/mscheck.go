// Package mscheck runs Microsoft's own parsers over files that mbamplan rendered: ScriptDom for T-SQL, SqlClient's
// connection-string parser and the Open XML SDK. The parsers come as one Linux program of that name, which is a test tool
// and no part of a release.
package mscheck

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// EnvPath names the environment variable that holds the program's path; it wins over the place beside the project.
const EnvPath = "MBAMPLAN_MSCHECK"

// filesPerRun bounds a command line: 200 paths of 200 characters stay far below the 128 KiB that Linux allows an argument
// list at the least.
const filesPerRun = 200

// MissingError says that the program was not found, and where it was looked for.
type MissingError struct {
	Tried []string
}

func (e *MissingError) Error() string {
	return "mscheck is not there (looked at " + strings.Join(e.Tried, ", ") + "); set " + EnvPath + " to its path"
}

// Tool is a found mscheck program.
type Tool struct {
	Path string
}

// Find looks for the program: the path in MBAMPLAN_MSCHECK when that is set, else ../shared/tools/mscheck seen from the
// project's root, which is the topmost folder with a go.mod at or above dir. It fails with a *MissingError when there is
// no executable regular file.
func Find(dir string) (*Tool, error) {
	if p := os.Getenv(EnvPath); p != "" {
		if isProgram(p) {
			return &Tool{Path: p}, nil
		}
		return nil, &MissingError{Tried: []string{p}}
	}
	root, err := projectRoot(dir)
	if err != nil {
		return nil, err
	}
	p := filepath.Join(root, "..", "shared", "tools", "mscheck")
	if isProgram(p) {
		return &Tool{Path: p}, nil
	}
	return nil, &MissingError{Tried: []string{"$" + EnvPath, p}}
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func projectRoot(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the project's root above %s: %w", dir, err)
	}
	root := ""
	for d := abs; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			root = d
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	if root == "" {
		return "", fmt.Errorf("find the project's root: no go.mod at or above %s", abs)
	}
	return root, nil
}

// TB is the part of testing.TB that Require needs.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
}

// Require finds the program for a test. Without it the test is skipped with the reason, and fails when the environment
// says CI=true, where a missing checker would let everything pass.
func Require(tb TB) *Tool {
	tb.Helper()
	tool, err := Find(".")
	var missing *MissingError
	switch {
	case err == nil:
		return tool
	case errors.As(err, &missing) && os.Getenv("CI") != "true":
		tb.Skip(err.Error())
	default:
		tb.Fatal(err.Error())
	}
	return nil
}

// Finding is one complaint about one file. Line and Col count from 1 and are 0 when the parser names no place.
type Finding struct {
	File    string
	Line    int
	Col     int
	Message string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Col, f.Message)
}

// TSQL parses files with SQL Server's grammar of a compatibility level: 100, 110, 120, 130, 140 or 150. Availability-group
// statements must be masked before: the parser refuses valid ones.
func (t *Tool) TSQL(ctx context.Context, level int, files ...string) ([]Finding, error) {
	return t.overFiles(ctx, []string{"tsql", "--level", strconv.Itoa(level)}, files)
}

// DOCX validates Word documents against the schema of Word 2013.
func (t *Tool) DOCX(ctx context.Context, files ...string) ([]Finding, error) {
	return t.overFiles(ctx, []string{"docx"}, files)
}

func (t *Tool) overFiles(ctx context.Context, args, files []string) ([]Finding, error) {
	var all []Finding
	for len(files) > 0 {
		n := min(len(files), filesPerRun)
		run := make([]string, n)
		for i, f := range files[:n] {
			if strings.HasPrefix(f, "-") {
				f = "." + string(filepath.Separator) + f
			}
			run[i] = f
		}
		files = files[n:]
		out, code, err := t.run(ctx, append(append([]string{}, args...), run...), nil)
		if err != nil {
			return nil, err
		}
		found, err := parseFindings(out, run)
		if err != nil {
			return nil, err
		}
		if (code == 0) != (len(found) == 0) {
			return nil, fmt.Errorf("%s %s ended with %d and %d findings", t.Path, args[0], code, len(found))
		}
		all = append(all, found...)
	}
	return all, nil
}

// run returns standard output and the exit code, which is 0 or 1; anything else is an error.
func (t *Tool) run(ctx context.Context, args []string, stdin []byte) (string, int, error) {
	cmd := exec.CommandContext(ctx, t.Path, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return "", 0, fmt.Errorf("run %s %s: %w: %s", t.Path, args[0], err, strings.TrimSpace(errOut.String()))
	}
	if errOut.Len() > 0 {
		return "", 0, fmt.Errorf("run %s %s: %s", t.Path, args[0], strings.TrimSpace(errOut.String()))
	}
	return out.String(), cmd.ProcessState.ExitCode(), nil
}

// parseFindings reads lines "FILE:LINE:COL: message" or "FILE: message". A line that starts with no file's name goes on
// with the message before it: a parser quotes the token that it stumbled over, line ends and all.
func parseFindings(out string, files []string) ([]Finding, error) {
	var found []Finding
	for _, line := range strings.Split(strings.TrimRight(out, "\r\n"), "\n") {
		line = strings.TrimRight(line, "\r")
		file := ""
		for _, f := range files {
			if strings.HasPrefix(line, f+":") && len(f) > len(file) {
				file = f
			}
		}
		switch {
		case file != "":
			f := Finding{File: file}
			f.Line, f.Col, f.Message = splitPlace(line[len(file)+1:])
			found = append(found, f)
		case len(found) > 0:
			found[len(found)-1].Message += " " + line
		case line != "":
			return nil, fmt.Errorf("mscheck: output %q names none of the files", line)
		}
	}
	return found, nil
}

func splitPlace(s string) (line, col int, message string) {
	parts := strings.SplitN(s, ":", 3)
	if len(parts) == 3 {
		l, err1 := strconv.Atoi(parts[0])
		c, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil {
			return l, c, strings.TrimSpace(parts[2])
		}
	}
	return 0, 0, strings.TrimSpace(s)
}

// ConnStringResult is SqlClient's verdict on one connection string.
type ConnStringResult struct {
	Input string `json:"input"`
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

// ConnStrings lets SqlClient parse each string; results come in the order of the input. A string that is empty or holds a
// line break is refused without asking, because the program reads one string a line.
func (t *Tool) ConnStrings(ctx context.Context, list []string) ([]ConnStringResult, error) {
	results := make([]ConnStringResult, len(list))
	var stdin bytes.Buffer
	var asked []int
	for i, s := range list {
		results[i].Input = s
		switch {
		case strings.TrimSpace(s) == "":
			results[i].Error = "empty connection string"
		case strings.ContainsAny(s, "\r\n"):
			results[i].Error = "connection string with a line break"
		default:
			asked = append(asked, i)
			stdin.WriteString(s + "\n")
		}
	}
	if len(asked) == 0 {
		return results, nil
	}
	out, _, err := t.run(ctx, []string{"connstr"}, stdin.Bytes())
	if err != nil {
		return nil, err
	}
	n := 0
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if n == len(asked) {
			return nil, fmt.Errorf("mscheck connstr: more than %d answers", len(asked))
		}
		var r ConnStringResult
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("read mscheck connstr answer %q: %w", lines.Text(), err)
		}
		r.Input = list[asked[n]]
		results[asked[n]] = r
		n++
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read mscheck connstr answers: %w", err)
	}
	if n != len(asked) {
		return nil, fmt.Errorf("mscheck connstr: %d answers to %d strings", n, len(asked))
	}
	return results, nil
}
