package rehearsal

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/tools/contract"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A judge is a test of this package that fails when a script below a folder is wrong. What it asserts of scripts is what it asserts of
// mutants: a worker runs the test itself, with the mutant lying where the script was.
type judge struct {
	test    string // as for -test.run, with {example} for the name of the topology {file} for that of the script, {script} for its path
	example string // the only one whose scripts it runs, "" for any
	under   string // what the path of a script begins with
}

// judges come in the order in which they are asked: cheap ones first.
var judges = []judge{
	{"^TestDirectoryRefuses$", directoryExample, "directory/"},
	{"^TestDirectoryForwardBackForward$", directoryExample, "directory/"},
	{"^TestDirectoryVerifyFails$", directoryExample, "directory/"},
	{"^TestDirectoryOfEveryExample$/^{example}$", "", "directory/"},
	{"^TestRefusals$/^{script}$", directoryExample, "directory/"},
	{"^TestDeaf$/^{example}$/^{script}$", "", "directory/"},
	{"^TestChanges$/^{turn}$", directoryExample, ""},
	{"^TestEvidence$", directoryExample, "directory/"},
	{"^TestHistoryMakesWay$", directoryExample, "directory/"},
	{"^TestSQLWrongInstance$", directoryExample, "database/"},
	{"^TestSQLEveryLaterLogIsNamed$", directoryExample, "database/"},
	{"^TestAccounts(ForwardBackForward|Refuses|VerifyFails)$", "", "directory/install/110-"},
	{"^TestAccounts(ForwardBackForward|Refuses|VerifyFails)$", "", "directory/rollback/110-"},
	{"^TestPolicy(ForwardBackForward|Refuses|VerifyFails)$", "", "clients/"},
	{"^TestBalancer(Refuses|VerifyFails)$", "", "web/"},
	{"^TestServersRestart$", directoryExample, "web/"},
	{"^TestServersRefuse$", "", ""},
	{"^TestServersVerifyFails$", "", ""},
	{"^TestWeb(VerifyFails|Maintenance|FarmCompare)$", "", "web/"},
	{"^TestWebRefuses$", "", "web/"},
	{"^TestSQLVerifyFails$", "", "database/"},
	{"^TestSQLDrills$", "", "database/"},
	{"^TestSQLRefuses$", "", "database/"},
	{"^Test(Servers|SQL|Web)OfEveryExample$/^{example}$", "", ""},
	{"^TestPreflightOfADatabaseServer$", directoryExample, "database/SQL1/preflight/"},
	{"^TestPreflightOfSomebodyWithoutRights$", "", ""},
	{"^TestDirectoryInterrupted$/^{example}$/^{file}$", "", "directory/install/"},
	{"^TestFaults$/^{example}$/^{script}$", "", "directory/"},
}

// few are the examples of the tests that go into single scripts.
var few = []string{directoryExample, "rtm-2012.yaml"}

// judges tells whether the test runs a script.
func (j judge) judges(example, path string) bool {
	kind := contractKind(path)
	night := slices.Contains([]string{"install", "verify", "rollback"}, kind)
	sql := strings.HasSuffix(path, ".sql")
	switch {
	case j.example != "" && j.example != example || !strings.HasPrefix(path, j.under):
		return false
	case strings.Contains(j.test, "Preflight"):
		return kind == "preflight"
	case kind == "preflight":
		return false
	case strings.Contains(j.test, "{turn}"):
		return night
	case strings.Contains(j.test, "Night$"), strings.Contains(j.test, "OfEveryExample") && j.under == "":
		return night && example != directoryExample // TestChanges runs the base example
	case strings.Contains(j.test, "Drills"):
		return kind == "drill"
	case strings.Contains(j.test, "VerifyFails") && !strings.Contains(j.test, "|"):
		return kind == "verify" && sql == strings.Contains(j.test, "SQL")
	case strings.Contains(j.test, "SQL"), strings.Contains(j.test, "ServersRefuse"):
		return kind == "install" && sql == strings.Contains(j.test, "SQL")
	case strings.Count(j.test, "$/") == 2:
		return slices.Contains(few, example)
	}
	return !sql
}

// contractKind is the kind of a file by its path.
func contractKind(path string) string {
	kind, _ := contract.KindOf(path)
	return string(kind)
}

// A job is a mutant for a worker.
type job struct {
	Example string
	Path    string
	Kind    string
	Data    []byte
}

// A verdict is what the tests say to it.
type verdict struct {
	By  string // the test that failed, "" when none did
	Ran bool   // the script was started at all
	Bad string // the worker itself is wrong
}

const workerVariable = "MBAMPLAN_REHEARSAL_WORKER"

// TestMain is the tests, or a worker that runs them again and again for one mutant after the other.
func TestMain(m *testing.M) {
	if os.Getenv(workerVariable) == "" {
		os.Exit(m.Run())
	}
	flag.Parse()
	out := json.NewEncoder(os.Stdout)
	quiet, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	os.Stdout = quiet
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	w := &worker{run: m.Run, clean: map[string]bool{}}
	for {
		var j job
		switch err := in.Decode(&j); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			panic(err)
		}
		if err := out.Encode(w.judge(j)); err != nil {
			panic(err)
		}
	}
}

type worker struct {
	run   func() int
	clean map[string]bool // tests that pass without a mutant
}

func (w *worker) test(pattern string) bool {
	if err := flag.Set("test.run", pattern); err != nil {
		panic(err)
	}
	return w.run() == 0
}

func (w *worker) judge(j job) (v verdict) {
	for _, one := range judges {
		if !one.judges(j.Example, j.Path) {
			continue
		}
		pattern := strings.NewReplacer("{example}", j.Example, "{file}", path.Base(j.Path), "{script}", strings.ReplaceAll(j.Path, "/", "."), "{turn}", titleOf(j.Path, j.Kind)).Replace(one.test)
		if !w.clean[pattern] {
			exchange = nil
			if !w.test(pattern) {
				return verdict{Bad: pattern + " fails without a mutant"}
			}
			w.clean[pattern] = true
		}
		exchange = func(topology string, file artifact.File) []byte {
			if topology == j.Example && file.Path == j.Path {
				return j.Data
			}
			return nil
		}
		failed := !w.test(pattern)
		v.Ran = pwsh.Forget(j.Data) || v.Ran || strings.HasSuffix(j.Path, ".sql") && strings.Contains(one.test, "{turn}")
		if failed {
			v.By = strings.TrimPrefix(strings.Split(one.test, "$")[0], "^Test")
			return v
		}
	}
	return v
}

// patience is how long the tests may take over one mutant.
const patience = 2 * time.Minute

// bench is a worker process. It is started when it is needed, and again when a mutant has brought it down.
type bench struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

func (b *bench) start() error {
	b.command = exec.Command(os.Args[0], "-test.timeout=0")
	b.command.Env = append(os.Environ(), workerVariable+"=1")
	var err error
	if b.in, err = b.command.StdinPipe(); err != nil {
		return err
	}
	out, err := b.command.StdoutPipe()
	if err != nil {
		return err
	}
	b.out = json.NewDecoder(bufio.NewReader(out))
	return b.command.Start()
}

// judge hands a mutant over. One that brings the worker down, or does not end, is found.
func (b *bench) judge(j job) (verdict, error) {
	if b.command == nil {
		if err := b.start(); err != nil {
			return verdict{}, err
		}
	}
	if err := json.NewEncoder(b.in).Encode(j); err != nil {
		return verdict{}, err
	}
	done := make(chan verdict, 1)
	go func() {
		v := verdict{By: "end of the process", Ran: true}
		if err := b.out.Decode(&v); err != nil {
			v = verdict{By: "end of the process", Ran: true}
		}
		done <- v
	}()
	select {
	case v := <-done:
		if v.By == "end of the process" {
			b.stop()
		}
		return v, nil
	case <-time.After(patience):
		b.stop()
		<-done
		return verdict{By: "no end", Ran: true}, nil
	}
}

func (b *bench) stop() {
	if b.command == nil {
		return
	}
	b.in.Close()
	b.command.Process.Kill() // it may be at its end already
	b.command.Wait()
	b.command = nil
}

// judgeAll spreads mutants over worker processes and keeps the order of the answers.
func judgeAll(jobs []func() job, workers int) ([]verdict, error) {
	out := make([]verdict, len(jobs))
	next := make(chan int)
	var wait sync.WaitGroup
	var mu sync.Mutex
	var first error
	for range workers {
		wait.Go(func() {
			b := &bench{}
			defer b.stop()
			for i := range next {
				mu.Lock()
				stop := first != nil
				mu.Unlock()
				if stop {
					continue
				}
				v, err := b.judge(jobs[i]())
				if err == nil && v.Bad != "" {
					err = errors.New(v.Bad)
				}
				if err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
					b.stop()
				}
				out[i] = v
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	wait.Wait()
	return out, first
}
