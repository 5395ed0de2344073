package compile_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

// needle is one encoding of one key.
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

// needles are the keys in every encoding that a script, a document or a tool would write them in.
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
		spaced := strings.ToUpper(strings.Join(slices.Collect(func(yield func(string) bool) {
			for i := 0; i < len(key) && yield(key[i:i+2]); i += 2 {
			}
		}), " "))
		percent := "%" + strings.ReplaceAll(spaced, " ", "%")
		for how, text := range map[string]string{
			"hex": key, "hex by bytes": spaced, "hex by dashes": strings.ReplaceAll(spaced, " ", "-"), "hex by colons": strings.ReplaceAll(spaced, " ", ":"),
			"percent": percent, "URL": url.QueryEscape(string(raw)),
		} {
			add(how, []byte(text))
			add(how+", upper case", []byte(strings.ToUpper(text)))
			add(how+", lower case", []byte(strings.ToLower(text)))
		}
		add("raw bytes", raw)
		for how, text := range map[string][]byte{
			"bytes": raw, "hex": []byte(key), "lower-case hex": []byte(strings.ToLower(key)),
			"UTF-16LE hex": wide(key, binary.LittleEndian),
		} {
			// Without padding the text is also found where more follows it.
			add("base64 of its "+how, []byte(base64.RawStdEncoding.EncodeToString(text[:len(text)/3*3])))
			add("URL base64 of its "+how, []byte(base64.RawURLEncoding.EncodeToString(text[:len(text)/3*3])))
		}
		for _, n := range out {
			if strings.HasPrefix(n.what, name) && n.what != name+" as raw bytes" && !strings.Contains(n.what, "UTF-16") {
				out = append(out, needle{n.what + ", UTF-16LE", wide(string(n.text), binary.LittleEndian)}, needle{n.what + ", UTF-16BE", wide(string(n.text), binary.BigEndian)})
			}
		}
		// A part of a key is a secret too: no quarter of it may stand anywhere.
		for i := 0; i < len(key); i += len(key) / 4 {
			add("a quarter in hex", []byte(key[i:i+len(key)/4]))
			add("a quarter in lower-case hex", []byte(strings.ToLower(key[i:i+len(key)/4])))
		}
	}
	return out
}

func carries(list []needle, data []byte) string {
	for _, n := range list {
		if bytes.Contains(data, n.text) {
			return n.what
		}
	}
	return ""
}

// TestNeedles shows that the search finds what it looks for.
func TestNeedles(t *testing.T) {
	keys := testKeys(t)
	list := needles(t, keys)
	raw, _ := hex.DecodeString(keys.CompareKey)
	for _, data := range [][]byte{
		[]byte("key = " + keys.MachineKey.ValidationKey), []byte(strings.ToLower(keys.MachineKey.DecryptionKey)), raw,
		[]byte(base64.StdEncoding.EncodeToString(raw)), []byte(base64.StdEncoding.EncodeToString([]byte(keys.CompareKey))),
		wide("x"+keys.CompareKey, binary.LittleEndian), []byte(url.QueryEscape(string(raw))), []byte(keys.MachineKey.ValidationKey[:32]),
	} {
		if carries(list, data) == "" {
			t.Errorf("a key is not found in %q", data)
		}
	}
	if found := carries(list, []byte(keys.Fingerprint()+" "+keys.FullFingerprint())); found != "" {
		t.Errorf("the fingerprint is taken for %s", found)
	}
}

// TestSecretsStayInSecretFiles searches every byte of every file that is not marked secret, and the manifest.
func TestSecretsStayInSecretFiles(t *testing.T) {
	keys := testKeys(t)
	list := needles(t, keys)
	c := newCompiler(t, keyed)
	for _, name := range exampleNames(t) {
		out := tree(t, c, name, example(t, name), render.Options{Secrets: keys})
		secret, own := 0, 0
		for _, f := range out.Files() {
			found := carries(list, f.Data)
			switch {
			case f.Secret && found == "":
				t.Errorf("%s: %s is marked secret and carries no key", name, f.Path)
			case f.Secret:
				secret++
				if f.Meta.TemplateOrigin == "built-in" {
					own++
				}
			case found != "":
				t.Errorf("%s: %s carries %s", name, f.Path, found)
			}
			if found := carries(list, []byte(f.Path)); found != "" {
				t.Errorf("%s: path %s carries %s", name, f.Path, found)
			}
		}
		_, f, _ := compile.Topology(name, []byte(example(t, name)))
		if secret == 0 && !f.MBAM.V2() { // a 2.0 farm has none of the overlay's steps
			t.Errorf("%s: no file carries a key; the search proves nothing", name)
		}
		shared := !f.MBAM.V2() && slices.ContainsFunc(f.Webs, (*farm.Web).Balanced)
		if (own > 0) != shared {
			t.Errorf("%s: %d files of the catalogue carry a key; nodes share one: %t", name, own, shared)
		}
		about := artifact.About{Tool: "test", Topology: artifact.Topology{Name: name}, SecretsFingerprint: keys.Fingerprint()}
		manifest, err := out.Manifest(about).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if found := carries(list, manifest); found != "" {
			t.Errorf("%s: the manifest carries %s", name, found)
		}
	}
}

// TestRedacted compares a redacted tree with the real one: the same files in the same places, the same bytes but for
// placeholders where a key or a fingerprint stands.
func TestRedacted(t *testing.T) {
	keys := testKeys(t)
	list := needles(t, keys)
	c := newCompiler(t, keyed)
	hidden := secrets.Redacted()
	mask := strings.NewReplacer(
		keys.MachineKey.ValidationKey, hidden.MachineKey.ValidationKey, keys.MachineKey.DecryptionKey, hidden.MachineKey.DecryptionKey,
		keys.CompareKey, hidden.CompareKey, keys.FullFingerprint(), hidden.FullFingerprint(), keys.Fingerprint(), hidden.Fingerprint())
	for _, name := range exampleNames(t) {
		full := tree(t, c, name, example(t, name), render.Options{Secrets: keys}).Files()
		redacted := tree(t, c, name, example(t, name), render.Options{Secrets: hidden, Redacted: true}).Files()
		if len(full) != len(redacted) {
			t.Fatalf("%s: %d files, %d redacted", name, len(full), len(redacted))
		}
		for i, f := range full {
			r := redacted[i]
			if r.Path != f.Path || r.Secret != f.Secret || r.Meta != f.Meta {
				t.Errorf("%s: %s became %s", name, f.Path, r.Path)
				continue
			}
			if found := carries(list, r.Data); found != "" {
				t.Errorf("%s: redacted %s carries %s", name, r.Path, found)
			}
			// The start document says that the tree is redacted.
			if want := mask.Replace(string(f.Data)); string(r.Data) != want && f.Meta.Kind != "document" {
				t.Errorf("%s: %s differs beyond keys and fingerprints", name, f.Path)
			}
		}
	}
}

// TestKeyOutsideSecretFile renders templates that ask for a key in a file that step.yaml does not call secret.
func TestKeyOutsideSecretFile(t *testing.T) {
	for _, use := range []string{"{{ps .Key.ValidationKey}}", "{{ps .Key.DecryptionKey}}", "{{ps .CompareKey}}", "{{ps .Options.Secrets.CompareKey}}", "{{ps .Options.Secrets.MachineKey.ValidationKey}}"} {
		overlay := fstest.MapFS{
			"web/zz-keyed/step.yaml":        keyed["web/zz-keyed/step.yaml"],
			"web/zz-keyed/install.ps1.tmpl": keyed["web/zz-keyed/install.ps1.tmpl"],
			"web/zz-keyed/verify.ps1.tmpl":  {Data: []byte("$key = " + use + "\nAdd-Info $key\n")},
		}
		c := newCompiler(t, overlay)
		keys := testKeys(t)
		name := exampleNames(t)[0]
		out, found, err := rendered(c, name, example(t, name), render.Options{Secrets: keys})
		if out != nil || err != nil || len(found) == 0 || !strings.HasSuffix(found[0].File, "web/zz-keyed/verify.ps1.tmpl") {
			t.Errorf("%s is not refused where it stands: %v %+v", use, err, found)
		}
	}
}
