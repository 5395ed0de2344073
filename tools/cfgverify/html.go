package cfgverify

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// void elements have no end tag; svg's shapes are written as ones that end themselves.
var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// loading elements fetch something, change what addresses mean, or send something.
var loading = []string{"link", "img", "iframe", "frame", "object", "embed", "audio", "video", "source", "track", "base", "form", "image", "use", "picture"}

var (
	outside   = regexp.MustCompile(`(?i)@import|url\(\s*["']?[^#"')\s]|expression\(`)
	reaching  = regexp.MustCompile(`\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|eval|Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b|\bimport\s*\(`)
	policies  = []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"}
	selfLinks = regexp.MustCompile(`\A#[A-Za-z][A-Za-z0-9_-]*\z`)
)

// HTML judges an HTML document that must stand alone: tags that nest and close (CFG070), nothing loaded from or sent to anywhere
// (CFG071), ids that stand once and links that lead somewhere (CFG072), a doctype, language, encoding and content security
// policy (CFG073), no style or event handler in attributes, and no script that writes markup (CFG074).
func HTML(name string, data []byte) []Finding {
	c := &collector{file: name}
	z := html.NewTokenizer(bytes.NewReader(data))
	line := 1
	var open []string
	ids, links := map[string]bool{}, map[string]int{}
	doctype, language, charset, policy := false, false, false, false
	for {
		kind := z.Next()
		here := line
		line += bytes.Count(z.Raw(), []byte("\n"))
		if kind == html.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				c.at(here, "CFG070", "%v", z.Err())
			}
			break
		}
		t := z.Token()
		switch kind {
		case html.DoctypeToken:
			doctype = doctype || t.Data == "html"
		case html.TextToken:
			inside := ""
			if len(open) > 0 {
				inside = open[len(open)-1]
			}
			if inside == "style" && outside.MatchString(t.Data) {
				c.at(here, "CFG071", "the style loads something: %s", outside.FindString(t.Data))
			}
			if inside == "script" && reaching.MatchString(t.Data) {
				c.at(here, "CFG074", "the script uses %s", reaching.FindString(t.Data))
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != t.Data {
				c.at(here, "CFG070", "</%s> closes what is not open: %s", t.Data, strings.Join(open, " > "))
				return c.findings
			}
			open = open[:len(open)-1]
		case html.StartTagToken, html.SelfClosingTagToken:
			if kind == html.StartTagToken && !slices.Contains(void, t.Data) {
				open = append(open, t.Data)
			}
			if slices.Contains(loading, t.Data) {
				c.at(here, "CFG071", "an element <%s>", t.Data)
			}
			attrs := map[string]string{}
			for _, a := range t.Attr {
				attrs[a.Key] = a.Val
				c.attribute(here, t.Data, a)
			}
			if id, ok := attrs["id"]; ok {
				if ids[id] {
					c.at(here, "CFG072", "the id %s stands twice", id)
				}
				ids[id] = true
			}
			if to := attrs["href"]; strings.HasPrefix(to, "#") {
				links[to[1:]] = here
			}
			switch t.Data {
			case "html":
				language = attrs["lang"] != ""
			case "meta":
				charset = charset || strings.EqualFold(attrs["charset"], "utf-8")
				if strings.EqualFold(attrs["http-equiv"], "Content-Security-Policy") {
					policy = !slices.ContainsFunc(policies, func(p string) bool { return !strings.Contains(attrs["content"], p) }) && !strings.Contains(attrs["content"], "unsafe")
				} else if _, ok := attrs["http-equiv"]; ok {
					c.at(here, "CFG071", "a meta element that acts as a header: %s", attrs["http-equiv"])
				}
			}
		}
	}
	if len(open) > 0 {
		c.at(line, "CFG070", "not closed: %s", strings.Join(open, " > "))
	}
	for to, at := range links {
		if !ids[to] {
			c.at(at, "CFG072", "a link to #%s, which is nowhere", to)
		}
	}
	for what, ok := range map[string]bool{"a doctype": doctype, "a language": language, "the encoding UTF-8": charset, "a content security policy": policy} {
		if !ok {
			c.at(0, "CFG073", "the document has not %s", what)
		}
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Message, b.Message)
	})
	return c.findings
}

func (c *collector) attribute(line int, element string, a html.Attribute) {
	switch key := strings.ToLower(a.Key); {
	case strings.HasPrefix(key, "on"), key == "style", key == "srcdoc":
		c.at(line, "CFG074", "<%s> has an attribute %s", element, key)
	case key == "src" || key == "srcset" || key == "action" || key == "formaction" || key == "data" || key == "poster" || key == "background" || key == "ping" || key == "manifest":
		c.at(line, "CFG071", "<%s> has an attribute %s", element, key)
	case key == "href" || key == "xlink:href":
		web := strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "http://")
		if element != "a" || !web && !selfLinks.MatchString(a.Val) {
			c.at(line, "CFG071", "<%s> leads to %q", element, a.Val)
		}
	case outside.MatchString(a.Val) && (key == "fill" || key == "stroke" || strings.HasPrefix(key, "marker") || key == "filter" || key == "mask" || key == "clip-path"):
		c.at(line, "CFG071", "<%s> has %s=%q", element, key, a.Val)
	}
}
