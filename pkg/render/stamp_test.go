package render

import (
	"strings"
	"testing"
)

func TestStamped(t *testing.T) {
	const stamp = "UNSUPPORTED: MBAM 2.0 with an availability group (A--B <%x%> *)."
	for _, tt := range []struct{ ext, text, want string }{
		{"md", "# Title\n", "> **UNSUPPORTED: MBAM 2.0 with an availability group (A--B &lt;%x%&gt; \\*).**\n\n# Title\n"},
		{"txt", "a\n", stamp + "\n\na\n"},
		{"cfg", "global\n", "# " + stamp + "\nglobal\n"},
		{"inf", "[x]\n", "; " + stamp + "\n[x]\n"},
		{"dsh", "create\n", "# UNSUPPORTED: MBAM 2.0 with an availability group (A--B <?x?> *).\ncreate\n"},
		{"cmd", "ver\n", "@rem UNSUPPORTED: MBAM 2.0 with an availability group (A--B ??x?? *).\nver\n"},
		{"xml", "<?xml version=\"1.0\"?>\n<a/>\n", "<?xml version=\"1.0\"?>\n<!-- UNSUPPORTED: MBAM 2.0 with an availability group (A"},
		{"config", "<a/>\n", "<!-- UNSUPPORTED"},
		{"html", "<html><body class=\"x\"><h1>T</h1></body></html>", "<html><body class=\"x\">\n<p><strong>UNSUPPORTED"},
		{"json", "{}\n", "{}\n"},
	} {
		data, err := stamped(tt.ext, []byte(tt.text), stamp)
		got := string(data)
		if err != nil || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %v\n got %q\nwant %q…", tt.ext, err, got, tt.want)
		}
		if tt.ext == "xml" && strings.Contains(strings.TrimSuffix(strings.SplitAfter(got, "<!--")[1], " -->\n<a/>\n"), "--") {
			t.Errorf("the comment of XML holds --: %q", got)
		}
		if got, err := stamped(tt.ext, []byte(tt.text), ""); err != nil || string(got) != tt.text {
			t.Errorf("%s without a stamp: %q, %v", tt.ext, got, err)
		}
	}
}
