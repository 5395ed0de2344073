package farm

// databases is the SQL Server instances of the farm and the failover cluster below them.
type databases struct{}

func newDatabases() *databases { return &databases{} }

// clone copies it for another farm.
func (x *databases) clone(f *Farm) *databases {
	out := *x
	return &out
}

// state adds a line for everything that a script may change.
func (x *databases) state(add func(format string, args ...any)) {}

func databaseArea() area { return area{} }
