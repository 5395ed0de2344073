// Package quote turns values into literals of the languages that mbamplan writes: one function per place where a value
// can stand.
//
// Every function returns the finished text or an error; it never changes a value in silence. A character that the place
// cannot carry is refused by an *Error that names the character and the place, and never repeats the value, which may be
// a secret. The exceptions are the notes (PSNote, SQLNote and so on), which put text for human readers into comments:
// they never fail, and replace what would end or alter the comment.
//
// Refused everywhere, except where the language has a visible escape for them (XML, JSON): invalid UTF-8, control
// characters, the line and paragraph separators U+2028 and U+2029, the bidirectional embeddings, overrides and isolates
// U+202A–202E and U+2066–2069, which let a script show its reviewer something else than it runs, and U+FFFE and U+FFFF.
// The left-to-right and right-to-left marks are ordinary parts of names and pass.
package quote
