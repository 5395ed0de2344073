package quote

import (
	"fmt"
	"slices"
	"strings"
)

// Contexts that only HTML has. Text of an element is Code.
const (
	Attribute Context = iota + 10 // a whole attribute value with its quotes, behind name=
	Address                       // the same for an attribute that holds an address
)

type htmlMode uint8

const (
	htmlText    htmlMode = iota
	htmlOpen             // < was seen
	htmlEndOpen          // </ was seen
	htmlBang             // <! was seen
	htmlDoctype
	htmlComment
	htmlTagName
	htmlBetween // in a tag, between attributes
	htmlAttrName
	htmlBeforeValue // behind =
	htmlUnquoted
	htmlQuoted
	htmlAfterValue // directly behind a value
	htmlSlash      // a / was seen in a tag
	htmlNameEnd    // branches ended in different names of one tag: the name must end here
	htmlRaw        // script, style and the like
	htmlEscapable  // title, textarea
)

var htmlWhere = [...]string{
	htmlText:        "in text",
	htmlOpen:        "directly behind <",
	htmlEndOpen:     "directly behind </",
	htmlBang:        "behind <!",
	htmlDoctype:     "inside a doctype",
	htmlComment:     "inside a comment",
	htmlTagName:     "in the name of an element",
	htmlBetween:     "inside a tag, where an attribute could begin",
	htmlAttrName:    "in the name of an attribute",
	htmlBeforeValue: "in place of an attribute's value",
	htmlUnquoted:    "inside an attribute value without quotes",
	htmlQuoted:      "inside a quoted attribute value",
	htmlAfterValue:  "directly behind an attribute value",
	htmlSlash:       "behind / in a tag",
	htmlNameEnd:     "behind a name in a tag",
	htmlRaw:         "inside an element whose text is not HTML",
	htmlEscapable:   "in text",
}

// HTMLState is the lexical state of HTML text (HTML standard, tokenization). The zero value is text at the start of a file.
// States compare by ==.
//
// It follows the tokenizer of a browser for documents that are written plainly, and refuses what browsers read in surprising
// ways: bogus comments, CDATA, markup in title or textarea, <!-- in scripts, quotes in unquoted values.
type HTMLState struct {
	mode     htmlMode
	element  string // name of the tag at hand, or of the raw element around
	attr     string // name of the attribute at hand
	quote    rune
	closing  bool   // the tag is an end tag
	fragment bool   // the attribute value begins with #
	begun    bool   // the attribute value has a first character
	bound    bool   // between: an = would belong to the attribute before
	ref      bool   // a character reference may have begun
	tail     string // the last characters, where an end is looked for
}

// Where says in words where the state is: "in text", "inside a comment".
func (s HTMLState) Where() string { return htmlWhere[s.mode] }

// rawElements hold text that is not HTML, or that a browser reads in more than one way.
var rawElements = []string{"script", "style", "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp"}

var escapableElements = []string{"title", "textarea"}

// attributes are those whose value means nothing but itself, besides data-… and aria-…. Addresses, styles, event handlers,
// and whatever a browser may learn to run are not among them.
var attributes = []string{
	"alt", "class", "colspan", "cx", "cy", "d", "datetime", "dx", "dy", "for", "headers", "height", "id", "label", "lang", "name", "points",
	"r", "role", "rowspan", "rx", "ry", "scope", "text-anchor", "title", "transform", "value", "viewbox", "width", "x", "x1", "x2", "y", "y1", "y2",
}

var addresses = []string{"href", "cite"}

func harmless(attr string) bool {
	return slices.Contains(attributes, attr) || strings.HasPrefix(attr, "data-") || strings.HasPrefix(attr, "aria-")
}

// Action returns the state behind a template action whose function belongs to ctx, or an error that says why no such
// action can stand here.
func (s HTMLState) Action(ctx Context) (HTMLState, error) {
	if s.ref {
		return s, misplaced(ctx, "directly behind an & that could begin a character reference: write &amp;")
	}
	switch {
	case s.mode == htmlBeforeValue && (ctx == Attribute || ctx == Address):
		switch {
		case s.closing:
			return s, misplaced(ctx, "in an end tag")
		case ctx == Attribute && !harmless(s.attr):
			return s, misplaced(ctx, "in the attribute "+s.attr+", whose value a browser reads as more than text")
		case ctx == Address && !slices.Contains(addresses, s.attr):
			return s, misplaced(ctx, "in the attribute "+s.attr+"; addresses stand in "+strings.Join(addresses, ", ")+" only")
		}
		s.mode = htmlAfterValue
		return s, nil
	case (s.mode == htmlText || s.mode == htmlEscapable) && s.tail == "" && (ctx == Code || ctx == Number):
		return s, nil
	case s.mode == htmlQuoted && ctx == Number:
		if !harmless(s.attr) && !(slices.Contains(addresses, s.attr) && s.fragment) {
			return s, misplaced(ctx, "in the attribute "+s.attr+", whose value a browser reads as more than text")
		}
		s.begun = true
		return s, nil
	case s.mode == htmlBeforeValue:
		return s, misplaced(ctx, "in place of an attribute's value, where only a function that brings its quotes may stand")
	}
	return s, misplaced(ctx, s.Where())
}

// Join returns the state behind two branches of a template, and refuses branches that end in different places. Behind
// different attributes of one tag is the same place, when the next character ends the attribute in any case.
func (s HTMLState) Join(o HTMLState) (HTMLState, error) {
	if s == o {
		return s, nil
	}
	if s.inTag() && o.inTag() && s.element == o.element && s.closing == o.closing {
		if s.mode == htmlBetween && o.mode == htmlBetween {
			return HTMLState{mode: htmlBetween, element: s.element, closing: s.closing, bound: true}, nil
		}
		return HTMLState{mode: htmlNameEnd, element: s.element, closing: s.closing}, nil
	}
	return s, fmt.Errorf("one branch ends %s, the other %s, or they end in characters that matter to what follows", s.Where(), o.Where())
}

// inTag tells whether an attribute may follow, at the latest behind a blank.
func (s HTMLState) inTag() bool {
	switch s.mode {
	case htmlTagName, htmlBetween, htmlAttrName, htmlAfterValue, htmlNameEnd:
		return true
	}
	return false
}

// End refuses a state in which a file cannot end.
func (s HTMLState) End() error {
	if s.mode != htmlText || s.tail != "" {
		return fmt.Errorf("the text ends %s", s.Where())
	}
	return nil
}

// ScanHTML follows the lexical state of HTML over text. What a browser would read in a surprising way is refused with a
// *ScanError.
func ScanHTML(s HTMLState, text string) (HTMLState, error) {
	for i, c := range text {
		next, reason := s.step(c)
		if reason != "" {
			return s, &ScanError{Offset: i, Reason: reason}
		}
		s = next
	}
	return s, nil
}

func letter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func htmlSpace(c rune) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

func low(c rune) string { return strings.ToLower(string(c)) }

// reference notes whether a character reference may be under way.
func (s HTMLState) reference(c rune) HTMLState {
	s.ref = c == '&' || s.ref && (letter(c) || c >= '0' && c <= '9' || c == '#')
	return s
}

func (s HTMLState) step(c rune) (HTMLState, string) {
	if c == 0 {
		return s, "a NUL has no place in HTML"
	}
	switch s.mode {
	case htmlText:
		if c == '<' {
			return HTMLState{mode: htmlOpen}, ""
		}
		return s.reference(c), ""
	case htmlOpen:
		switch {
		case letter(c):
			return HTMLState{mode: htmlTagName, element: low(c)}, ""
		case c == '/':
			return HTMLState{mode: htmlEndOpen}, ""
		case c == '!':
			return HTMLState{mode: htmlBang}, ""
		}
		return s, "behind < stands neither a name nor / nor !: write &lt;"
	case htmlEndOpen:
		if letter(c) {
			return HTMLState{mode: htmlTagName, element: low(c), closing: true}, ""
		}
		return s, "an end tag without a name"
	case htmlBang:
		s.tail += low(c)
		switch {
		case s.tail == "--":
			return HTMLState{mode: htmlComment}, ""
		case s.tail == "doctype":
			return HTMLState{mode: htmlDoctype}, ""
		case begins(s.tail, "--"), begins(s.tail, "doctype"):
			return s, ""
		}
		return s, "behind <! stands neither a comment nor doctype"
	case htmlDoctype:
		switch c {
		case '>':
			return HTMLState{}, ""
		case '<', '"', '\'':
			return s, "a doctype with more than a name"
		}
		return s, ""
	case htmlComment:
		return s.comment(c)
	case htmlRaw:
		return s.raw(c)
	case htmlEscapable:
		return s.escapable(c)
	}
	return s.tag(c)
}

func (s HTMLState) comment(c rune) (HTMLState, string) {
	// tail is "" at the beginning, then "." with the dashes behind the last other character.
	dashes := strings.TrimPrefix(s.tail, ".")
	switch {
	case c == '-':
		if len(dashes) < 2 {
			s.tail += "-"
		}
		return s, ""
	case c == '>' && (s.tail == "" || s.tail == "-"):
		return s, "a comment that ends before it begins"
	case c == '>' && dashes == "--":
		return HTMLState{}, ""
	case c == '!' && dashes == "--":
		return s, "--! in a comment, which may end it"
	}
	s.tail = "."
	return s, ""
}

// raw looks for the end tag of script, style and the like.
func (s HTMLState) raw(c rune) (HTMLState, string) {
	end := "</" + s.element
	want := s.tail + low(c)
	switch {
	case s.tail == end && (c == '>' || c == '/' || htmlSpace(c)):
		if c == '>' {
			return HTMLState{}, ""
		}
		return HTMLState{mode: htmlBetween, element: s.element, closing: true}, ""
	case begins(want, end), begins(want, "<!--"):
		if want == "<!--" && s.element != "style" {
			return s, "<!-- in " + s.element + ", which changes where it ends"
		}
		s.tail = want
		return s, ""
	}
	s.tail = ""
	if c == '<' {
		s.tail = "<"
	}
	return s, ""
}

// escapable looks for the end tag of title and textarea.
func (s HTMLState) escapable(c rune) (HTMLState, string) {
	if s.tail == "" {
		if c == '<' {
			s.tail, s.ref = "<", false
			return s, ""
		}
		return s.reference(c), ""
	}
	end := "</" + s.element
	want := s.tail + low(c)
	switch {
	case s.tail == end && c == '>':
		return HTMLState{}, ""
	case s.tail == end && htmlSpace(c):
		return HTMLState{mode: htmlBetween, element: s.element, closing: true}, ""
	case strings.HasPrefix(end, want):
		s.tail = want
		return s, ""
	}
	return s, "markup in " + s.element + ": write &lt;"
}

// tag follows the inside of a tag.
func (s HTMLState) tag(c rune) (HTMLState, string) {
	between := HTMLState{mode: htmlBetween, element: s.element, closing: s.closing}
	switch s.mode {
	case htmlTagName:
		switch {
		case htmlSpace(c):
			return between, ""
		case c == '/':
			between.mode = htmlSlash
			return between, ""
		case c == '>':
			return s.content(), ""
		case letter(c), c >= '0' && c <= '9', c == '-':
			s.element += low(c)
			return s, ""
		}
		return s, "the name of an element with other than letters, digits and -"
	case htmlBetween, htmlSlash, htmlAfterValue, htmlNameEnd:
		switch {
		case htmlSpace(c):
			between.bound = s.bound && s.mode == htmlBetween
			return between, ""
		case c == '/' && s.mode != htmlSlash:
			between.mode = htmlSlash
			return between, ""
		case c == '>':
			if s.mode == htmlSlash {
				// In HTML <script/> begins a script; in SVG it ends one. Neither is followed.
				if slices.Contains(rawElements, s.element) || slices.Contains(escapableElements, s.element) {
					return s, "an element " + s.element + " that ends itself"
				}
			}
			return s.content(), ""
		case s.mode == htmlAfterValue:
			return s, "text directly behind an attribute value: leave a blank"
		case s.mode == htmlNameEnd:
			return s, "branches of the template end in different names, and the name goes on"
		case s.mode == htmlBetween && s.bound && c == '=':
			return s, "a blank before = of an attribute"
		case letter(c), c == '_', c == ':':
			return HTMLState{mode: htmlAttrName, element: s.element, closing: s.closing, attr: low(c)}, ""
		}
		return s, "the name of an attribute does not begin with a letter"
	case htmlAttrName:
		switch {
		case htmlSpace(c):
			between.bound = true
			return between, ""
		case c == '/':
			between.mode = htmlSlash
			return between, ""
		case c == '>':
			return s.content(), ""
		case c == '=':
			s.mode = htmlBeforeValue
			return s, ""
		case letter(c), c >= '0' && c <= '9', strings.ContainsRune("-_:.", c):
			s.attr += low(c)
			return s, ""
		}
		return s, "the name of an attribute with a character that does not belong there"
	case htmlBeforeValue:
		switch {
		case c == '"' || c == '\'':
			s.mode, s.quote = htmlQuoted, c
			return s, ""
		case htmlSpace(c) || strings.ContainsRune("><=`/", c):
			return s, "an attribute without a value behind ="
		}
		s.mode = htmlUnquoted
		return s, ""
	case htmlUnquoted:
		switch {
		case htmlSpace(c):
			return between, ""
		case c == '>':
			return s.content(), ""
		case strings.ContainsRune("\"'<=`", c):
			return s, "an attribute value without quotes with a character that asks for them"
		}
		return s, ""
	}
	// htmlQuoted
	if c == s.quote {
		between.mode = htmlAfterValue
		return between, ""
	}
	if !s.begun {
		s.begun, s.fragment = true, c == '#'
	}
	return s.reference(c), ""
}

// content is the state behind the > of a tag.
func (s HTMLState) content() HTMLState {
	switch {
	case s.closing:
	case slices.Contains(rawElements, s.element):
		return HTMLState{mode: htmlRaw, element: s.element}
	case slices.Contains(escapableElements, s.element):
		return HTMLState{mode: htmlEscapable, element: s.element}
	}
	return HTMLState{}
}

// begins reports whether a text is the beginning of a word, or all of it.
func begins(text, word string) bool { return strings.HasPrefix(word, text) }
