package sqlverify

import (
	"reflect"
	"testing"
)

func TestBatches(t *testing.T) {
	got, findings := Batches("PRINT N'a''b'; -- note\nGO\nSET @X = [q]]r] + 0x1F\n;\nGO\n")
	want := []Batch{
		{1, []Token{{'w', "PRINT", 1, 1}, {'s', "a'b", 1, 7}, {'o', ";", 1, 14}}},
		{3, []Token{{'w', "SET", 3, 1}, {'@', "@X", 3, 5}, {'o', "=", 3, 8}, {'n', "q]r", 3, 10}, {'o', "+", 3, 17}, {'#', "0x1F", 3, 19}, {'o', ";", 4, 1}}},
		{6, []Token{}},
	}
	if !reflect.DeepEqual(got, want) || len(findings) != 0 {
		t.Errorf("got %v, findings %v, want %v", got, findings, want)
	}
	for _, src := range []string{"PRINT 'a", "/* a", "SELECT [a", "PRINT 1\nGO 5\n", "SELECT ?"} {
		if _, findings := Batches(src); len(findings) == 0 {
			t.Errorf("%q: no finding", src)
		}
	}
}
