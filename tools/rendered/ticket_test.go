package rendered

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/pkg/ticket"
	"github.com/mbamplan/mbamplan/tools/hostile"
	"github.com/mbamplan/mbamplan/tools/mscheck"
)

// needed finds a program that a test needs. Without it the test is skipped with the reason, and fails when the environment says
// CI=true.
func needed(t *testing.T, name, from string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		reason := fmt.Sprintf("%s is not there; it comes with %s", name, from)
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return path
}

// request makes the change request of a topology.
func request(t *testing.T, c *compile.Compiler, text string, former *ticket.Former) (*ticket.Ticket, artifact.About) {
	t.Helper()
	loaded, f, found := compile.Topology("farm.yaml", []byte(text))
	if f == nil || found.Errors() > 0 {
		t.Fatalf("%+v", found)
	}
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	about := artifact.About{Tool: "test", Redacted: true, Unsupported: f.Stamp(), Topology: artifact.Topology{Name: f.Name, SHA256: strings.Repeat("0", 64)}}
	out, found, err := c.Ticket(p, compile.TicketInput{
		Loaded: loaded, Findings: found, Options: render.Options{Secrets: secrets.Redacted(), Topology: "farm.yaml"}, About: about, Former: former,
	})
	if err != nil || len(found) > 0 {
		t.Fatalf("%v %+v", err, found)
	}
	return out, about
}

// wordDocuments writes the Word document of every example, of one that changed, and of the hostile topologies, and returns where.
func wordDocuments(t *testing.T) []string {
	t.Helper()
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	dir := t.TempDir()
	var out []string
	write := func(name, text string, former *ticket.Former) {
		one, about := request(t, c, text, former)
		tree, err := one.Tree(about)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range tree.Files() {
			if f.Path == "change-request.docx" {
				out = append(out, filepath.Join(dir, name+".docx"))
				if err := os.WriteFile(out[len(out)-1], f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		if name == "contoso-alwayson" {
			if _, err := (artifact.Dir{Path: filepath.Join(dir, "former")}).Write(t.Context(), tree, about); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range exampleNames(t) {
		write(strings.TrimSuffix(name, ".yaml"), exampleText(t, name), nil)
	}
	base := exampleText(t, "contoso-alwayson.yaml")
	former, err := ticket.ReadFormer(filepath.Join(dir, "former"))
	if err != nil {
		t.Fatal(err)
	}
	write("since", strings.ReplaceAll(base, "RPT1", "RPT9"), former)
	pass := accepted(t, base)
	for g, group := range hostile.Groups(hostile.Contoso) {
		values := map[int]string{}
		for _, i := range group {
			if v, ok := joined(t, base, i, pass[i]); ok {
				values[i] = v
			}
		}
		write(fmt.Sprintf("hostile-%d", g+1), put(t, base, values), nil)
	}
	return out
}

// TestWordDocuments holds the Word document of every ticket against Microsoft's Open XML SDK, and lets LibreOffice set it.
func TestWordDocuments(t *testing.T) {
	files := wordDocuments(t)
	t.Run("Open XML SDK", func(t *testing.T) {
		found, err := mscheck.Require(t).DOCX(t.Context(), files...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Error(f)
		}
	})
	t.Run("LibreOffice", func(t *testing.T) {
		soffice := needed(t, "soffice", "libreoffice-writer-nogui")
		pdftotext := needed(t, "pdftotext", "poppler-utils")
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
		defer cancel()
		// One call for all: starting it takes longer than a document does.
		args := append([]string{"-env:UserInstallation=file://" + filepath.ToSlash(filepath.Join(dir, "profile")), "--headless", "--convert-to", "pdf", "--outdir", dir}, files...)
		if text, err := exec.CommandContext(ctx, soffice, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, f := range files {
			name := strings.TrimSuffix(filepath.Base(f), ".docx")
			text, err := exec.CommandContext(ctx, pdftotext, "-layout", filepath.Join(dir, name+".pdf"), "-").Output()
			if err != nil {
				t.Errorf("%s was not converted: %v", name, err)
				continue
			}
			printed(t, name, string(text))
		}
	})
}

var pageNumber = regexp.MustCompile(`Page (\d+) of (\d+)`)

// printed holds the pages of a ticket as they come out of the printer: every section is there, each page has its number, and the
// header row of the long tables is on each of their pages.
func printed(t *testing.T, name, text string) {
	t.Helper()
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	if len(pages) < 5 || len(pages) > 60 {
		t.Errorf("%s has %d pages", name, len(pages))
	}
	for i, page := range pages {
		m := pageNumber.FindStringSubmatch(page)
		if m == nil || m[1] != strconv.Itoa(i+1) || m[2] != strconv.Itoa(len(pages)) {
			t.Errorf("%s: page %d of %d says %q", name, i+1, len(pages), m)
		}
	}
	for _, want := range []string{
		"Change request: ", "Summary", "Justification", "Affected services and servers", "Schedule and hand-offs", "Implementation plan", "Risk and impact", "Test plan",
		"Backout plan", "Waivers and open findings", "Evidence", "Attachments", "Approvals",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: %q is not on paper", name, want)
		}
	}
	if strings.Contains(text, "Error!") || strings.Contains(text, "%!") || strings.Contains(text, "<no value>") {
		t.Errorf("%s has an error on paper", name)
	}
	if n := strings.Count(text, "Expected"); name == "contoso-alwayson" && n < 3 {
		t.Errorf("%s: the header of the checks is on %d pages", name, n)
	}
}
