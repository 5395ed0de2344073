package sqlserver

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// BinarySID turns S-1-… into the bytes that SQL Server keeps: revision, count, authority in six bytes, each part in four bytes, the lowest first.
func BinarySID(text string) []byte {
	parts := strings.Split(text, "-")
	if len(parts) < 3 || parts[0] != "S" {
		return nil
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil
	}
	out := []byte{1, byte(len(parts) - 3), byte(authority >> 40), byte(authority >> 32), byte(authority >> 24), byte(authority >> 16), byte(authority >> 8), byte(authority)}
	for _, p := range parts[3:] {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return out
}

// TextSID is the way back.
func TextSID(sid []byte) string {
	if len(sid) < 8 || len(sid) != 8+4*int(sid[1]) {
		return ""
	}
	authority := uint64(0)
	for _, b := range sid[2:8] {
		authority = authority<<8 | uint64(b)
	}
	out := fmt.Sprintf("S-%d-%d", sid[0], authority)
	for at := 8; at < len(sid); at += 4 {
		out += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sid[at:]))
	}
	return out
}

// serviceSID is the SID of a Windows service: S-1-5-80 and the SHA-1 of its name in upper case, as `sc showsid` prints it.
func serviceSID(name string) []byte {
	var text []byte
	for _, u := range utf16.Encode([]rune(strings.ToUpper(name))) {
		text = binary.LittleEndian.AppendUint16(text, u)
	}
	sum := sha1.Sum(text)
	return append([]byte{1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0}, sum[:]...)
}
