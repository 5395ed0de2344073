// Package secrets holds the secrets file of a farm: the ASP.NET machine key that every web node shares, and the key
// under which nodes compare fingerprints of it.
//
// The keys are plain strings inside File, because they become text of a configuration file. Printing a File or
// MachineKey by fmt, slog, JSON or YAML gives no key. A File in an unexported field of another struct is out of reach of
// its methods: do not print such a struct.
package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// The algorithms and lengths, in hex digits, that every .NET Framework of MBAM's support matrix takes. The key of
// HMACSHA256 may be longer in code, but 128 digits is the documented limit (.NET Framework, MachineKeySection).
const (
	Validation       = "HMACSHA256"
	Decryption       = "AES"
	validationDigits = 128
	decryptionDigits = 64
	compareDigits    = 64
)

// MachineKey is the content of system.web/machineKey. The keys are upper-case hex.
type MachineKey struct {
	Validation, ValidationKey, Decryption, DecryptionKey string
}

// File is what a secrets file holds. CompareKey, upper-case hex, is the HMAC key of the fingerprints.
type File struct {
	MachineKey MachineKey
	CompareKey string

	full string // fingerprint of the keys that placeholders stand for, "" for keys
}

// New makes keys from random, which is crypto/rand.Reader outside of tests. It fails when random cannot fill them or
// when what it delivers is not plausibly random.
func New(random io.Reader) (File, error) {
	var raw [(validationDigits + decryptionDigits + compareDigits) / 2]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return File{}, fmt.Errorf("read random bytes for the machine key: %w", err)
	}
	digits := strings.ToUpper(hex.EncodeToString(raw[:]))
	f := File{
		MachineKey: MachineKey{
			Validation: Validation, ValidationKey: digits[:validationDigits],
			Decryption: Decryption, DecryptionKey: digits[validationDigits : validationDigits+decryptionDigits],
		},
		CompareKey: digits[validationDigits+decryptionDigits:],
	}
	if err := f.check(); err != nil {
		return File{}, fmt.Errorf("make the machine key from random bytes: %w", err)
	}
	return f, nil
}

// Redacted returns placeholders in place of keys, for output that may be shown to anybody. No script takes them for keys.
func Redacted() File {
	return File{
		MachineKey: MachineKey{
			Validation: Validation, ValidationKey: "REDACTED-VALIDATION-KEY",
			Decryption: Decryption, DecryptionKey: "REDACTED-DECRYPTION-KEY",
		},
		CompareKey: "REDACTED-COMPARE-KEY",
	}
}

// Redact returns placeholders that name the fingerprint of f in place of its keys. The fingerprints stay those of f.
func Redact(f File) File {
	r := Redacted()
	r.MachineKey.ValidationKey += "-" + f.Fingerprint()
	r.MachineKey.DecryptionKey += "-" + f.Fingerprint()
	r.full = f.FullFingerprint()
	return r
}

// FullFingerprint returns the HMAC-SHA256, as 64 upper-case hex digits, of the machine key under the compare key. The
// message is "validation|validationKey|decryption|decryptionKey" in upper case, as the scripts on the nodes compute it;
// it must never change. For Redacted it returns "REDACTED", and "INVALID" when the compare key is not 64 hex digits.
func (f File) FullFingerprint() string {
	if f == Redacted() {
		return "REDACTED"
	}
	if f.full != "" {
		return f.full
	}
	key, err := hex.DecodeString(f.CompareKey)
	if err != nil || len(f.CompareKey) != compareDigits {
		return "INVALID"
	}
	k := f.MachineKey
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, strings.ToUpper(strings.Join([]string{k.Validation, k.ValidationKey, k.Decryption, k.DecryptionKey}, "|")))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// Fingerprint returns the first 16 digits of FullFingerprint in groups of four, for people: "3F2A-09CC-71B0-E4D5".
func (f File) Fingerprint() string {
	full := f.FullFingerprint()
	if len(full) < 16 {
		return full
	}
	return full[0:4] + "-" + full[4:8] + "-" + full[8:12] + "-" + full[12:16]
}

// check refuses keys of the wrong form and keys that nobody can have drawn at random (the latter were the way in of the
// view state attacks on published keys). No key is in the error.
func (f File) check() error {
	k := f.MachineKey
	if k.Validation != Validation {
		return errors.New("machineKey.validation is not " + Validation)
	}
	if k.Decryption != Decryption {
		return errors.New("machineKey.decryption is not " + Decryption)
	}
	for _, key := range []struct {
		name, value string
		digits      int
	}{
		{"machineKey.validationKey", k.ValidationKey, validationDigits},
		{"machineKey.decryptionKey", k.DecryptionKey, decryptionDigits},
		{"compareKey", f.CompareKey, compareDigits},
	} {
		if len(key.value) != key.digits {
			return fmt.Errorf("%s has %d characters instead of %d", key.name, len(key.value), key.digits)
		}
		if strings.Trim(key.value, "0123456789ABCDEF") != "" {
			return fmt.Errorf("%s is not upper-case hex", key.name)
		}
		raw, err := hex.DecodeString(key.value)
		if err != nil {
			return fmt.Errorf("%s is not upper-case hex", key.name)
		}
		if patterned(raw) {
			return fmt.Errorf("%s is a pattern, not a random key", key.name)
		}
	}
	switch {
	case strings.Contains(k.ValidationKey, k.DecryptionKey):
		return errors.New("machineKey.decryptionKey is a part of machineKey.validationKey")
	case strings.Contains(k.ValidationKey, f.CompareKey) || k.DecryptionKey == f.CompareKey:
		return errors.New("compareKey is a key of machineKey")
	}
	return nil
}

// patterned tells whether key repeats a shorter unit or counts up or down by a fixed step; a constant is both.
func patterned(key []byte) bool {
	for unit := 1; unit <= len(key)/2; unit++ {
		same := true
		for i := unit; i < len(key) && same; i++ {
			same = key[i] == key[i-unit]
		}
		if same {
			return true
		}
	}
	step := key[1] - key[0]
	for i := 1; i < len(key); i++ {
		if key[i]-key[i-1] != step {
			return false
		}
	}
	return true
}

const hidden = "[secret]"

// String hides the keys.
func (MachineKey) String() string { return hidden }

// GoString hides the keys.
func (MachineKey) GoString() string { return hidden }

// Format hides the keys under every verb.
func (MachineKey) Format(s fmt.State, _ rune) { io.WriteString(s, hidden) }

// LogValue hides the keys.
func (MachineKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the keys.
func (MachineKey) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// MarshalText hides the keys from XML and other encoders.
func (MachineKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML hides the keys.
func (MachineKey) MarshalYAML() (any, error) { return hidden, nil }

// String hides the keys and shows the fingerprint.
func (f File) String() string { return hidden + " " + f.Fingerprint() }

// GoString is String.
func (f File) GoString() string { return f.String() }

// Format writes String under every verb.
func (f File) Format(s fmt.State, _ rune) { io.WriteString(s, f.String()) }

// LogValue is String.
func (f File) LogValue() slog.Value { return slog.StringValue(f.String()) }

// MarshalJSON is String.
func (f File) MarshalJSON() ([]byte, error) { return json.Marshal(f.String()) }

// MarshalText is String.
func (f File) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// MarshalYAML is String.
func (f File) MarshalYAML() (any, error) { return f.String(), nil }
