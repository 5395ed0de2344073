// Package tsql runs the T-SQL that our templates are written in: batches, variables, IF, WHILE, TRY, table variables, queries over
// tables that somebody else holds, RAISERROR, PRINT and dynamic text. What it does not know ends the run with the place in the file;
// nothing is skipped and nothing guessed.
//
// It knows the language. Whatever belongs to a server, a catalogue view, a property, a procedure, a statement that makes, alters
// or drops something, it asks the Host for. It knows nothing of MBAM and nothing of availability groups.
package tsql

import (
	"fmt"
	"time"
)

// A Value is NULL (nil), int64 (every whole number and bit), float64, string, []byte (binary, uniqueidentifier is a string in
// upper case) or time.Time.
type Value any

// A Name is the name of an object as the script writes it, without its delimiters; a part that is not written is empty.
type Name struct{ Database, Schema, Object string }

// A Table is what a view, a table or a table-valued function holds. Columns are in lower case.
type Table struct {
	Columns []string
	Rows    [][]Value
}

// A Token is a part of a statement that the Host is handed.
type Token struct {
	// Kind is 'w' for a bare word, 'n' for a delimited name, 's' for a text, '#' for a number, '@' for a variable, 'o' for an operator or
	// a sign.
	Kind byte
	// Text is the word as it is written, the name or text without its delimiters, the number, the variable with its sign, the operator.
	Text   string
	Line   int
	Column int
	// Value is what a text, number or variable stands for when the statement runs.
	Value Value
}

// An Arg is an argument of a procedure; Name is empty when it is given by position. Set writes an OUTPUT argument, nil otherwise.
type Arg struct {
	Name  string // with its sign, in lower case
	Value Value
	Set   func(Value)
}

// A Host is the instance that batches run on, as one session sees it. A false answer says that the Host does not know it, which ends the
// run as unsupported; an error of the server is raised by Raise.
type Host interface {
	// Database is the current database; Use changes it.
	Database() string
	Use(name string)
	// Table gives the rows of a catalogue view, a table of the server, or a table-valued function (args is nil for what is none).
	Table(name Name, args []Value) (*Table, bool)
	// Global reads @@SERVERNAME and its like; the name has its signs and is in upper case. @@ERROR, @@ROWCOUNT, @@FETCH_STATUS and
	// @@TRANCOUNT belong to the language.
	Global(name string) (Value, bool)
	// Function calls a scalar function of the server: SERVERPROPERTY, DB_ID, SUSER_SID … in upper case, or one with a schema
	// (sys.fn_hadr_backup_is_preferred_replica), in lower case.
	Function(name string, args []Value) (Value, bool)
	// Procedure calls a procedure. What it returns goes into INSERT … EXEC, or to Print when nobody takes it.
	Procedure(name Name, args []Arg) (*Table, bool)
	// Statement does what the language itself does not: CREATE, ALTER, DROP, GRANT, DENY, REVOKE, BACKUP, RESTORE, RECONFIGURE. The tokens
	// are the whole statement without its semicolon.
	Statement(tokens []Token) bool
	// Change deletes or updates rows of a table of the server: keep gives the rows that stay, as they are to be.
	Change(name Name, rows *Table) bool
	// Now is the time of the server; Sleep lets time pass.
	Now() time.Time
	Sleep(time.Duration)
	// Print takes a line of the output: PRINT, messages, and rows that nobody takes.
	Print(line string)
	// Step is called ahead of every statement that reaches the Host to change something, with its first words.
	Step(what string)
}

// A Reporter is a Host with statements that return rows: RESTORE FILELISTONLY, HEADERONLY and LABELONLY are handed to Report instead of
// Statement. The rows go where those of a procedure go.
type Reporter interface {
	Report(tokens []Token) (*Table, bool)
}

// An Error is an error of the server as a script sees it in a CATCH block.
type Error struct {
	Number          int
	Severity, State int
	Line            int
	Message         string
	// Aborts says that the batch ends there when no TRY is around it.
	Aborts bool
}

func (e *Error) Error() string {
	return fmt.Sprintf("Msg %d, Level %d, State %d, Line %d: %s", e.Number, e.Severity, e.State, e.Line, e.Message)
}

// Raise raises an error of severity 16 from within the Host.
func Raise(number int, format string, args ...any) {
	panic(&Error{Number: number, Severity: 16, State: 1, Message: fmt.Sprintf(format, args...)})
}

// Unsupported says that a file uses something that the interpreter or the host does not know.
type Unsupported struct {
	File         string
	Line, Column int
	What         string
}

func (u *Unsupported) Error() string {
	return fmt.Sprintf("%s:%d:%d: the rehearsal does not know %s", u.File, u.Line, u.Column, u.What)
}

// Unknown ends the run because the Host does not know something; the interpreter adds the place.
func Unknown(format string, args ...any) { panic(&Unsupported{What: fmt.Sprintf(format, args...)}) }

// Options are what sqlcmd is told.
type Options struct {
	StopOnError bool              // -b: end with 1 on an error of severity 11 or higher
	Variables   map[string]string // $(NAME); nil when they are off (-x)
	// Late says that the server gets on with the rest of a batch before the client is gone that an error or state 127 made leave. Both may
	// happen; without it the batch ends with the statement.
	Late bool
	// Studio runs the file as Management Studio does: neither an error nor state 127 keeps it from the next batch.
	Studio bool
}
