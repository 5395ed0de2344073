// Package binding checks every call of a script against the parameter tables of the commands, as PowerShell's parameter
// binder would at run time, and stricter where house style asks for it: full names, one positional argument, no
// hashtable that cannot be followed.
//
// The table commands.json holds the commands that our templates use and is the project's own; cmd/maketable adds to it.
// Not decided here: whether two sets that differ only by the type of an argument are ambiguous, ranges and patterns of
// values, and whether a module is installed.
//
// Codes:
//
//	PSB001  no such command
//	PSB002  alias instead of the command
//	PSB003  not on every Windows version, MBAM release or engine that the script is for
//	PSB004  no such parameter
//	PSB005  parameter abbreviated or by its alias
//	PSB006  parameters that do not stand together in any set
//	PSB007  mandatory parameter missing: PowerShell would stop and ask
//	PSB008  value that the parameter does not take
//	PSB009  too many positional arguments
//	PSB010  switch with an argument, parameter without one
//	PSB011  -WhatIf or -Confirm on a command without it
//	PSB012  parameter given by name and by a splatted hashtable
//	PSB013  splatted variable whose hashtable is not known
//	PSB014  program that is not called through Invoke-Native with a full path from the list of programs
//	PSB015  call operator, dot-sourcing or --% outside Invoke-Native
//	PSB016  function with the name of a command or alias
package binding
