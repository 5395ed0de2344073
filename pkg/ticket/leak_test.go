package ticket_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/mbamplan/mbamplan/pkg/secrets"
)

// needle is one encoding of a key.
type needle struct {
	what string
	text []byte
}

func wide(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// each writes every byte in a form.
func each(data []byte, format string) string {
	var b strings.Builder
	for _, c := range data {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// needles are the keys in every encoding in which a document, a script or a tool would hold them.
func needles(t testing.TB, f secrets.File) []needle {
	t.Helper()
	var out []needle
	for name, key := range map[string]string{
		"validationKey": f.MachineKey.ValidationKey, "decryptionKey": f.MachineKey.DecryptionKey, "compareKey": f.CompareKey,
	} {
		raw, err := hex.DecodeString(key)
		if err != nil {
			t.Fatal(err)
		}
		add := func(how string, text []byte) { out = append(out, needle{name + " as " + how, text}) }
		texts := map[string]string{"hex": key, "lower-case hex": strings.ToLower(key)}
		for how, sep := range map[string]string{"blanks": " ", "dashes": "-", "colons": ":", "percent": "%"} {
			texts["hex with "+how] = strings.ToUpper(each(raw, "%02x"+sep)[:len(key)])
			texts["lower-case hex with "+how] = each(raw, "%02x"+sep)[:len(key)]
		}
		for _, how := range []string{"hex", "lower-case hex"} {
			text := []byte(texts[how])
			texts["percent-encoded "+how] = each(text, "%%%02X")
			texts["decimal entities of its "+how] = each(text, "&#%d;")
			texts["entities of its "+how] = each(text, "&#x%X;")
			texts["lower-case entities of its "+how] = each(text, "&#x%x;")
			texts["JSON escapes of its "+how] = each(text, `\u%04x`)
			texts["a quarter of its "+how] = string(text[len(text)/4 : len(text)/2])
		}
		for how, source := range map[string][]byte{
			"bytes": raw, "hex": []byte(key), "lower-case hex": []byte(strings.ToLower(key)),
			"UTF-16LE hex": wide(key, binary.LittleEndian), "UTF-16LE lower-case hex": wide(strings.ToLower(key), binary.LittleEndian),
		} {
			for offset := range 3 {
				// What stands before and behind the key is not known: the characters that depend on it are left out.
				padded := append(make([]byte, offset), source...)
				from, to := (offset*8+5)/6, len(padded)*8/6
				texts[fmt.Sprintf("base64 of its %s at %d", how, offset)] = base64.RawStdEncoding.EncodeToString(padded)[from:to]
				texts[fmt.Sprintf("URL base64 of its %s at %d", how, offset)] = base64.RawURLEncoding.EncodeToString(padded)[from:to]
			}
		}
		add("raw bytes", raw)
		for how, text := range texts {
			add(how, []byte(text))
			add(how+" in UTF-16LE", wide(text, binary.LittleEndian))
			add(how+" in UTF-16BE", wide(text, binary.BigEndian))
		}
	}
	return out
}

// index finds needles by their first bytes, so that megabytes can be searched for hundreds of them.
type index struct {
	begins [1 << 16]bool // the first two bytes of a needle
	list   map[[8]byte][]needle
}

func indexed(list []needle) *index {
	x := &index{list: map[[8]byte][]needle{}}
	for _, n := range list {
		x.begins[binary.BigEndian.Uint16(n.text)] = true
		x.list[[8]byte(n.text)] = append(x.list[[8]byte(n.text)], n)
	}
	return x
}

// search looks for needles in data and, when it is an archive, in what is packed in it, at any depth.
func (x *index) search(t testing.TB, name string, data []byte) []string {
	t.Helper()
	var found []string
	for i := 0; i+8 <= len(data); i++ {
		if !x.begins[binary.BigEndian.Uint16(data[i:])] {
			continue
		}
		for _, n := range x.list[[8]byte(data[i:])] {
			if bytes.HasPrefix(data[i:], n.text) {
				found = append(found, name+" holds the "+n.what)
			}
		}
	}
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return found
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		inner, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, x.search(t, name+"!"+f.Name, inner)...)
	}
	return found
}

func packed(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSearchFinds plants every encoding, plainly and in an archive in an archive.
func TestSearchFinds(t *testing.T) {
	list := needles(t, testKeys(t))
	if len(list) < 300 {
		t.Fatalf("only %d needles", len(list))
	}
	x := indexed(list)
	for _, n := range list {
		hay := append(append([]byte("before "), n.text...), " behind"...)
		if found := x.search(t, "plain", hay); !slices.Contains(found, "plain holds the "+n.what) {
			t.Errorf("%s is not found", n.what)
		}
	}
	// What a real encoder makes of it, at each alignment, is found too.
	key := testKeys(t).MachineKey.ValidationKey
	raw, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	for offset := range 6 {
		for _, source := range [][]byte{raw, []byte(key), []byte(strings.ToLower(key)), wide(key, binary.LittleEndian)} {
			text := append(append(bytes.Repeat([]byte("x"), offset), source...), "yz"...)
			for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				deep := packed(t, "a.zip", packed(t, "b.docx", []byte("<t>"+e.EncodeToString(text)+"</t>")))
				if found := x.search(t, "deep", deep); len(found) == 0 || !strings.HasPrefix(found[0], "deep!a.zip!b.docx holds") {
					t.Errorf("base64 at %d in an archive is not found: %v", offset, found)
				}
			}
		}
	}
	if found := x.search(t, "clean", packed(t, "x", []byte("nothing here"))); len(found) > 0 {
		t.Errorf("found in nothing: %v", found)
	}
}
