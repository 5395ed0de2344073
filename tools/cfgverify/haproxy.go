package cfgverify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// MissingError says that a program which a check needs is not installed.
type MissingError struct {
	Program string
	Err     error
}

func (e *MissingError) Error() string {
	return e.Program + " is not there: " + e.Err.Error()
}

func (e *MissingError) Unwrap() error { return e.Err }

// FindHAProxy returns the path of haproxy, from PATH or /usr/sbin, or a *MissingError.
func FindHAProxy() (string, error) {
	path, err := exec.LookPath("haproxy")
	if err == nil {
		return path, nil
	}
	// Debian's package installs there, and an ordinary user's PATH lacks it.
	if path, err := exec.LookPath("/usr/sbin/haproxy"); err == nil {
		return path, nil
	}
	return "", &MissingError{"haproxy", err}
}

// TB is the part of testing.TB that RequireHAProxy needs.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
}

// RequireHAProxy finds haproxy for a test. Without it the test is skipped with the reason, and fails when the environment
// says CI=true.
func RequireHAProxy(tb TB) string {
	tb.Helper()
	path, err := FindHAProxy()
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "true":
		tb.Skip(err.Error())
	default:
		tb.Fatal(err.Error())
	}
	return ""
}

// caFile matches the argument of ca-file, a word with HAProxy's escapes.
var caFile = regexp.MustCompile(`(\sca-file\s+)((?:\\.|[^\s\\])+)`)

// HAProxy lets haproxy check a configuration (haproxy -c -f). Warnings are findings too: a missing timeout is one, with exit
// code 0. Server names that do not resolve pass only with "init-addr none". CA files of an absolute path belong to the
// machine that will run the configuration: the certificates of this system stand in for them. Codes: CFG040 error, CFG041
// warning.
func HAProxy(ctx context.Context, program, name string, data []byte) ([]Finding, error) {
	dir, err := os.MkdirTemp("", "cfgverify")
	if err != nil {
		return nil, fmt.Errorf("make a folder for %s: %w", name, err)
	}
	defer os.RemoveAll(dir)
	data = caFile.ReplaceAllFunc(data, func(word []byte) []byte {
		m := caFile.FindSubmatch(word)
		if m[2][0] != '/' {
			return word
		}
		return []byte(string(m[1]) + "@system-ca")
	})
	path := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, fmt.Errorf("write %s for haproxy: %w", name, err)
	}
	cmd := exec.CommandContext(ctx, program, "-c", "-f", path)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("run %s on %s: %w", program, name, err)
	}
	c := &collector{file: name}
	for _, line := range strings.Split(out.String(), "\n") {
		code := ""
		switch {
		case strings.HasPrefix(line, "[ALERT]"):
			code = "CFG040"
		case strings.HasPrefix(line, "[WARNING]"):
			code = "CFG041"
		default:
			continue
		}
		message := line
		if _, m, ok := strings.Cut(line, ": "); ok {
			message = m
		}
		at := 0
		if _, rest, ok := strings.Cut(message, "["+path+":"); ok {
			fmt.Sscanf(rest, "%d", &at)
		}
		c.at(at, code, "%s", strings.ReplaceAll(message, path, name))
	}
	if err != nil && len(c.findings) == 0 {
		c.at(0, "CFG040", "haproxy refuses the file: %s", strings.TrimSpace(out.String()))
	}
	return c.findings, nil
}
