// Package psverify reads a Windows PowerShell script without a Windows machine: it says whether Windows PowerShell 4.0
// to 5.1 would parse the file, and it takes the script apart into commands, functions, parameters and assignments for
// the packages binding and contract.
//
// The grammar is wharflab's tree-sitter grammar. It accepts some text that the real parser refuses and refuses some that
// the real parser accepts; rules of this package close the first gap, and the second one stays closed on purpose: a
// generated script keeps to what both accept.
//
// Codes:
//
//	PSV001  the grammar does not accept the text
//	PSV002  something is missing
//	PSV003  try without catch or finally, or a catch that can never be reached
//	PSV004  the same key twice in a hash literal
//	PSV005  the same parameter twice, in a param block or in a call
//	PSV006  && or ||
//	PSV007  ternary operator
//	PSV008  ?? or ??=
//	PSV009  redirection of input
//	PSV010  "$x: y", where the colon reads as the end of a drive name
//	PSV011  assignment to something that cannot hold a value
//	PSV012  empty place in a list
//	PSV013  keyword where a command stands
//	PSV014  non-ASCII character outside strings and comments
//	PSV015  left over from a template or from Go's formatting
//	PSV016  typographic quote that ends a string for PowerShell
//	PSV017  encoding: neither pure ASCII nor UTF-8 with a byte order mark, or a control character
//	PSV018  line end other than CR LF
//	PSV019  operator or statement that Windows PowerShell does not have outside workflows
package psverify
