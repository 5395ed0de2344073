package browser

import (
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

var compiler = sync.OnceValue(func() *compile.Compiler {
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		panic(fmt.Sprint(err, found))
	}
	return c
})

// document renders an example with changes, pairs of old and new text, and returns the file that people open first.
func document(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	data, err := fs.ReadFile(examples.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not occur in %s", pairs[i], name)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	_, f, found := compile.Topology(name, []byte(text))
	if f == nil || found.Errors() > 0 {
		t.Fatal(found)
	}
	c := compiler()
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	tree, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: name})
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	for _, file := range tree.Files() {
		if file.Path == render.Start {
			path := filepath.Join(t.TempDir(), render.Start)
			if err := os.WriteFile(path, file.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	t.Fatalf("%s is not rendered", render.Start)
	return ""
}

// nodes writes the changes that give the default example n web nodes.
func nodes(n int) []string {
	var hosts, list strings.Builder
	for i := 3; i <= n; i++ {
		fmt.Fprintf(&hosts, "  WEB%d: {site: HQ, address: 10.1.0.%d/24}\n", i, 60+i)
		fmt.Fprintf(&list, ", WEB%d", i)
	}
	return []string{"instances:  ", hosts.String() + "\ninstances:  ", "nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2" + list.String() + "]", "10.1.0.60/24", "10.1.0.200/24"}
}

func quiet(t *testing.T, p *Page, files ...string) {
	t.Helper()
	for _, c := range p.Complaints() {
		t.Errorf("the page complains: %s", c)
	}
	for _, r := range p.Foreign(files...) {
		t.Errorf("the page asks for %.200s", r)
	}
}

// structure is what a screen reader goes by; the function returns what is missing.
const structure = `(() => {
  const bad = [];
  for (const s of ['header', 'nav[aria-label]', 'main', 'footer', 'head > title', 'html[lang]'])
    if (document.querySelectorAll(s).length !== 1) bad.push('not one ' + s);
  for (const t of document.querySelectorAll('table')) {
    if (!t.caption || !t.caption.textContent.trim()) bad.push('table without caption');
    for (const h of t.querySelectorAll('th')) if (!h.scope) bad.push('th without scope: ' + h.textContent);
  }
  for (const i of document.querySelectorAll('input'))
    if (!i.labels.length || !i.labels[0].textContent.trim()) bad.push('input without label: ' + i.id);
  let last = 0;
  for (const h of document.querySelectorAll('h1,h2,h3,h4,h5,h6')) {
    const level = +h.tagName[1];
    if (level > last + 1) bad.push('heading skips a level: ' + h.textContent);
    last = level;
  }
  if (document.querySelectorAll('h1').length !== 1) bad.push('not one h1');
  const ids = new Set();
  for (const e of document.querySelectorAll('[id]')) { if (ids.has(e.id)) bad.push('id twice: ' + e.id); ids.add(e.id); }
  for (const a of document.querySelectorAll('a[href^="#"]')) if (!ids.has(a.getAttribute('href').slice(1))) bad.push('link to nowhere: ' + a.getAttribute('href'));
  for (const e of document.querySelectorAll('[aria-labelledby]'))
    for (const id of e.getAttribute('aria-labelledby').split(' ')) if (!ids.has(id)) bad.push('labelled by nothing: ' + id);
  for (const s of document.querySelectorAll('svg')) if (s.getAttribute('role') !== 'img') bad.push('svg without role');
  return bad;
})()`

// contrast returns elements with text that is hard to read before what is behind it (WCAG 2, 4.5 to 1).
const contrast = `(() => {
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const bad = new Set();
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    if (e.closest('script,style,title,desc,.vh,.skip')) continue;
    let fore, back;
    if (e.tagName === 'text') {
      fore = parse(getComputedStyle(e).fill);
      const r = e.parentElement.querySelector('rect');
      back = r && e.parentElement.tagName === 'g' ? parse(getComputedStyle(r).fill) : behind(e);
    } else { fore = parse(getComputedStyle(e).color); back = behind(e); }
    const [a, b] = [light(fore.slice(0, 3)), light(back.slice(0, 3))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.add(e.tagName + '.' + (e.className.baseVal ?? e.className) + ' ' + fore + ' on ' + back);
  }
  return [...bad];
})()`

// picture measures the diagram: boxes that overlap, text that leaves its box, and the smallest text in CSS pixels.
const picture = `(() => {
  const bad = [];
  const boxes = [...document.querySelectorAll('svg g.box rect')].map((r) => r.getBoundingClientRect());
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const a = boxes[i], b = boxes[j];
    if (a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5) bad.push('boxes ' + i + ' and ' + j + ' overlap');
  }
  for (const g of document.querySelectorAll('svg g.box')) {
    const box = g.querySelector('rect').getBoundingClientRect();
    for (const t of g.querySelectorAll('text')) {
      const r = t.getBoundingClientRect();
      if (r.left < box.left - 0.5 || r.right > box.right + 0.5 || r.top < box.top - 1 || r.bottom > box.bottom + 1) bad.push('text leaves its box: ' + t.textContent);
    }
  }
  const svg = document.querySelector('svg'), area = svg.getBoundingClientRect();
  const labels = [...svg.querySelectorAll(':scope > text')].map((t) => [t.textContent, t.getBoundingClientRect()]);
  for (const [text, r] of labels) {
    if (r.left < area.left || r.right > area.right || r.bottom > area.bottom) bad.push('label leaves the picture: ' + text);
    for (const b of boxes) if (r.left < b.right && b.left < r.right && r.top + 2 < b.bottom && b.top < r.bottom - 2) bad.push('label over a box: ' + text);
    for (const [other, o] of labels) if (o !== r && r.left < o.right && o.left < r.right && r.top < o.bottom && o.top < r.bottom) bad.push('labels over each other: ' + text + ' / ' + other);
  }
  return { bad, boxes: boxes.length, size: 11 * area.width / svg.viewBox.baseVal.width };
})()`

type measured struct {
	Bad   []string
	Boxes int
	Size  float64
}

func clean(t *testing.T, p *Page, what, expression string) {
	t.Helper()
	var bad []string
	p.Eval(t, expression, &bad)
	for _, b := range bad {
		t.Errorf("%s: %s", what, b)
	}
}

func TestEveryExampleOpens(t *testing.T) {
	b := Start(t)
	list, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, name := range list {
		t.Run(name, func(t *testing.T) {
			file := document(t, name)
			p := b.Page(t, 1280, 900)
			p.Open(t, file)
			clean(t, p, "structure", structure)
			for _, scheme := range []string{"light", "dark"} {
				p.Scheme(t, scheme)
				clean(t, p, scheme, contrast)
			}
			var m measured
			p.Eval(t, picture, &m)
			for _, bad := range m.Bad {
				t.Error(bad)
			}
			if m.Boxes < 3 || m.Size < 9 {
				t.Errorf("the picture has %d boxes and text of %.1f pixels", m.Boxes, m.Size)
			}
			for _, width := range []int{1280, 360} {
				p.Size(t, width, 800)
				var over int
				if p.Eval(t, "document.documentElement.scrollWidth - document.documentElement.clientWidth", &over); over > 0 {
					t.Errorf("at %d pixels the page is %d too wide", width, over)
				}
			}
			quiet(t, p, file)
		})
	}
}

func TestTicksStay(t *testing.T) {
	file := document(t, "contoso-alwayson.yaml")
	b := Start(t)
	p := b.Page(t, 1280, 900)
	p.Open(t, file)
	const state = `[...document.querySelectorAll('input[data-key]')].map((b, i) => b.checked ? i : -1).filter((i) => i >= 0)`
	ticked := func() string {
		var list []int
		p.Eval(t, state, &list)
		return fmt.Sprint(list)
	}
	if got := ticked(); got != "[]" {
		t.Fatalf("ticked at first: %s", got)
	}
	p.Eval(t, `[0, 4, 7].forEach((i) => document.querySelectorAll('input[data-key]')[i].click())`, nil)
	p.Eval(t, `document.querySelectorAll('input[data-key]')[4].click()`, nil)
	p.Reload(t)
	if got := ticked(); got != "[0 7]" {
		t.Errorf("after a reload: %s", got)
	}
	var shown string
	if p.Eval(t, `document.getElementById('done').textContent`, &shown); !strings.HasPrefix(shown, "2 of ") {
		t.Errorf("it says %q", shown)
	}
	// Another farm in the same browser has ticks of its own.
	other := b.Page(t, 1280, 900)
	second := document(t, "contoso-alwayson.yaml", "name: contoso-alwayson", "name: contoso-second")
	other.Open(t, second)
	var n int
	if other.Eval(t, `document.querySelectorAll('input:checked').length`, &n); n != 0 {
		t.Errorf("%d ticks of one farm show in another", n)
	}
	quiet(t, p, file)
	quiet(t, other, second)
}

func TestWithoutStorage(t *testing.T) {
	file := document(t, "standalone-two-servers.yaml")
	p := Start(t).Page(t, 1280, 900)
	p.Before(t, `Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('blocked', 'SecurityError'); }});`)
	p.Open(t, file)
	var hidden bool
	if p.Eval(t, `document.getElementById('nostore').hidden`, &hidden); hidden {
		t.Error("nothing says that ticks are not kept")
	}
	var checked bool
	if p.Eval(t, `(() => { const b = document.querySelector('input[data-key]'); b.click(); return b.checked; })()`, &checked); !checked {
		t.Error("a box cannot be ticked")
	}
	quiet(t, p, file)
}

// word is one word of `pdftotext -bbox`.
type word struct {
	XMin float64 `xml:"xMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMin float64 `xml:"yMin,attr"`
	YMax float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

type pdf struct {
	Pages []struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
		Words  []word  `xml:"word"`
	} `xml:"body>doc>page"`
}

// squeeze leaves letters and digits, since line ends may fall anywhere.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// What is printed is whole: every page is A4, no word leaves the margins, and every cell of every table is there.
func TestPrint(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pdftotext is not installed")
		}
		t.Skip("pdftotext is not installed: printed pages are not read")
	}
	b := Start(t)
	for _, c := range []struct {
		name, example string
		edits         []string
	}{
		{"default", "contoso-alwayson.yaml", nil},
		{"8 web nodes", "contoso-alwayson.yaml", nodes(8)},
		{"MBAM 2.0", "mbam20-two-servers.yaml", nil},
		{"long names", "multi-subnet-named-instances.yaml", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := b.Page(t, 1280, 900)
			p.Open(t, document(t, c.example, c.edits...))
			file := p.PDF(t)
			raw, err := exec.Command("pdftotext", "-bbox", file, "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			var d pdf
			decoder := xml.NewDecoder(strings.NewReader(string(raw)))
			decoder.Strict = false
			decoder.Entity = xml.HTMLEntity
			if err := decoder.Decode(&d); err != nil || len(d.Pages) < 5 {
				t.Fatal(len(d.Pages), err)
			}
			for i, page := range d.Pages {
				if page.Width < 594 || page.Width > 596 || page.Height < 841 || page.Height > 843 {
					t.Errorf("page %d is %.0f x %.0f points, no A4", i+1, page.Width, page.Height)
				}
				for _, w := range page.Words {
					if w.XMin < 30 || w.XMax > page.Width-30 || w.YMin < 30 || w.YMax > page.Height-30 {
						t.Errorf("page %d: %q stands in the margin or is cut", i+1, w.Text)
					}
				}
			}
			text, err := exec.Command("pdftotext", "-raw", "-nopgbrk", file, "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			printed := squeeze(string(text))
			var cells []string
			p.Eval(t, `[...document.querySelectorAll('td,th,dd,code.run,h2,h3,h4,svg text')].map((e) => e.textContent)`, &cells)
			missing := 0
			for _, cell := range cells {
				if !strings.Contains(printed, squeeze(cell)) {
					if missing++; missing < 10 {
						t.Errorf("not printed in one piece: %.200s", cell)
					}
				}
			}
			if len(cells) < 100 {
				t.Errorf("only %d cells", len(cells))
			}
		})
	}
}

func TestPictureOf32Nodes(t *testing.T) {
	p := Start(t).Page(t, 1280, 900)
	file := document(t, "contoso-alwayson.yaml", nodes(32)...)
	p.Open(t, file)
	for _, width := range []int{1280, 695} { // a screen, and the width of a printed page
		p.Size(t, width, 900)
		var m measured
		p.Eval(t, picture, &m)
		for _, bad := range m.Bad {
			t.Errorf("at %d: %s", width, bad)
		}
		if m.Boxes < 36 || m.Size < 9 {
			t.Errorf("at %d pixels: %d boxes, text of %.1f pixels", width, m.Boxes, m.Size)
		}
	}
	quiet(t, p, file)
}

// Names that look like markup are shown as themselves.
func TestHostileNames(t *testing.T) {
	const group, policy = `</script><script>alert(1)</script>`, `"><img src=x onerror=alert(2)>&lt;b&gt;'`
	file := document(t, "contoso-alwayson.yaml", "  MBAM-AG:\n", "  '"+group+"':\n", "compliance: MBAM-AG", "compliance: '"+group+"'", "recovery: MBAM-AG", "recovery: '"+group+"'",
		"gpo: MBAM clients", "gpo: '"+strings.ReplaceAll(policy, "'", "''")+"'")
	p := Start(t).Page(t, 1280, 900)
	p.Open(t, file)
	var counts []int
	p.Eval(t, `['script', 'img', 'style', 'b'].map((s) => document.querySelectorAll(s).length)`, &counts)
	if fmt.Sprint(counts) != "[1 0 1 0]" {
		t.Errorf("scripts, images, styles, b: %v", counts)
	}
	for _, name := range []string{group, policy} {
		var shown bool
		if p.Eval(t, fmt.Sprintf("document.body.textContent.includes(%q)", name), &shown); !shown {
			t.Errorf("%s is not shown as itself", name)
		}
	}
	clean(t, p, "structure", structure)
	quiet(t, p, file)
}
