// Package browser opens rendered documents in a headless Chromium and tells what it shows, logs and asks the network for. It
// speaks the DevTools protocol over the two pipes that --remote-debugging-pipe opens, so that it needs no library and no port.
// It knows nothing of what is in a document.
package browser

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Require returns the path of Chromium. Without one the test is skipped by name; under CI it fails.
func Require(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed: rendered HTML is not opened")
	return ""
}

// patience is how long one answer may take on a busy machine.
const patience = 90 * time.Second

// Browser is a running Chromium with an empty profile.
type Browser struct {
	write *os.File

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	pages   map[string]*Page
	err     error
}

type message struct {
	ID        int             `json:"id"`
	Session   string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	ErrorText *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Start starts a Chromium that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	program := Require(t)
	// Not t.TempDir: helpers of Chromium may still write while it is removed.
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	fromUs, toChromium, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromChromium, toUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir="+profile, "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{fromUs, toUs}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fromUs.Close()
	toUs.Close()
	b := &Browser{write: toChromium, waiting: map[int]chan message{}, pages: map[string]*Page{}}
	go b.read(fromChromium)
	t.Cleanup(func() {
		_ = b.call("", "Browser.close", nil, nil)
		toChromium.Close()
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		fromChromium.Close()
		for range 20 { // its helpers end a moment later
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return b
}

func (b *Browser) read(f *os.File) {
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		data, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			b.err = errors.New("chromium ended")
			for _, c := range b.waiting {
				close(c)
			}
			b.waiting = map[int]chan message{}
			b.mu.Unlock()
			return
		}
		var m message
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if c := b.waiting[m.ID]; m.ID > 0 && c != nil {
			delete(b.waiting, m.ID)
			c <- m
		} else if p := b.pages[m.Session]; p != nil && m.Method != "" {
			p.event(m)
		}
		b.mu.Unlock()
	}
}

func (b *Browser) call(session, method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	c := make(chan message, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	err := b.err
	if err == nil {
		b.waiting[id] = c
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	request := map[string]any{"id": id, "method": method, "params": params}
	if session != "" {
		request["sessionId"] = session
	}
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := b.write.Write(append(data, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m, ok := <-c:
		switch {
		case !ok:
			return fmt.Errorf("%s: chromium ended", method)
		case m.ErrorText != nil:
			return fmt.Errorf("%s: %s", method, m.ErrorText.Message)
		case result != nil:
			return json.Unmarshal(m.Result, result)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s: no answer within %s", method, patience)
	}
}

// Page is a tab.
type Page struct {
	browser *Browser
	session string
	loaded  chan struct{}

	// All below is guarded by the browser's lock.
	complaints []string
	requests   []string
}

// event notes what a page logs, throws, asks for or shows by itself.
func (p *Page) event(m message) {
	var e struct {
		Type    string
		Message string
		Args    []struct {
			Value       json.RawMessage
			Description string
		}
		Entry struct {
			Level, Text string
		}
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Request struct{ URL string }
	}
	if json.Unmarshal(m.Params, &e) != nil {
		return
	}
	switch m.Method {
	case "Page.loadEventFired":
		select {
		case p.loaded <- struct{}{}:
		default:
		}
	case "Runtime.exceptionThrown":
		p.complaints = append(p.complaints, "exception: "+e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case "Runtime.consoleAPICalled":
		for _, a := range e.Args {
			p.complaints = append(p.complaints, "console."+e.Type+": "+string(a.Value)+a.Description)
		}
	case "Log.entryAdded":
		p.complaints = append(p.complaints, "log "+e.Entry.Level+": "+e.Entry.Text)
	case "Page.javascriptDialogOpening":
		p.complaints = append(p.complaints, "dialog: "+e.Message)
	case "Network.requestWillBeSent":
		p.requests = append(p.requests, e.Request.URL)
	}
}

// Page opens an empty tab of the given size.
func (b *Browser) Page(t testing.TB, width, height int) *Page {
	t.Helper()
	var target struct {
		TargetID string `json:"targetId"`
	}
	if err := b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		t.Fatal(err)
	}
	var session struct {
		SessionID string `json:"sessionId"`
	}
	if err := b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session); err != nil {
		t.Fatal(err)
	}
	p := &Page{browser: b, session: session.SessionID, loaded: make(chan struct{}, 1)}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.Call(t, domain+".enable", nil, nil)
	}
	p.Size(t, width, height)
	t.Cleanup(func() { _ = b.call("", "Target.closeTarget", map[string]any{"targetId": target.TargetID}, nil) })
	return p
}

// Call sends a command of the protocol and fails the test when it is refused.
func (p *Page) Call(t testing.TB, method string, params, result any) {
	t.Helper()
	if err := p.browser.call(p.session, method, params, result); err != nil {
		t.Fatal(err)
	}
}

// Size sets the viewport in CSS pixels.
func (p *Page) Size(t testing.TB, width, height int) {
	t.Helper()
	p.Call(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// Scheme asks for light or dark.
func (p *Page) Scheme(t testing.TB, scheme string) {
	t.Helper()
	p.Call(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Before runs a script in every document that the page opens, ahead of its own.
func (p *Page) Before(t testing.TB, script string) {
	t.Helper()
	p.Call(t, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script}, nil)
}

// Open opens a file and waits until it is loaded.
func (p *Page) Open(t testing.TB, file string) {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	p.Call(t, "Page.navigate", map[string]any{"url": "file://" + path}, nil)
	p.wait(t)
}

// Reload loads the document again.
func (p *Page) Reload(t testing.TB) {
	t.Helper()
	p.Call(t, "Page.reload", nil, nil)
	p.wait(t)
}

func (p *Page) wait(t testing.TB) {
	t.Helper()
	select {
	case <-p.loaded:
	case <-time.After(patience):
		t.Fatalf("the document was not loaded within %s", patience)
	}
}

// Eval evaluates an expression and decodes its JSON value.
func (p *Page) Eval(t testing.TB, expression string, value any) {
	t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.Call(t, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &r)
	if r.ExceptionDetails != nil {
		t.Fatalf("%s: %s", r.ExceptionDetails.Text, r.ExceptionDetails.Exception.Description)
	}
	if value == nil {
		return
	}
	if err := json.Unmarshal(r.Result.Value, value); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
}

// PDF prints the page as its style sheet asks and returns the file.
func (p *Page) PDF(t testing.TB) string {
	t.Helper()
	var r struct{ Data string }
	p.Call(t, "Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": false}, &r)
	return save(t, "page.pdf", r.Data)
}

// Screenshot saves the viewport as a PNG.
func (p *Page) Screenshot(t testing.TB) string {
	t.Helper()
	var r struct{ Data string }
	p.Call(t, "Page.captureScreenshot", map[string]any{"format": "png"}, &r)
	return save(t, "page.png", r.Data)
}

func save(t testing.TB, name, data string) string {
	t.Helper()
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Complaints are what the page logged, threw or showed by itself since it was opened.
func (p *Page) Complaints() []string {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	return append([]string{}, p.complaints...)
}

// Foreign are the addresses that the page asked for and that are not the files given.
func (p *Page) Foreign(files ...string) []string {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	var out []string
	for _, r := range p.requests {
		own := false
		for _, f := range files {
			path, _ := filepath.Abs(f)
			own = own || strings.TrimPrefix(r, "file://") == path
		}
		if !own {
			out = append(out, r)
		}
	}
	return out
}
