package farm

// web is IIS of a machine: sites, applications, pools, configuration files.
type web struct{}

func newWeb() *web { return &web{} }

// clone copies it for another machine.
func (x *web) clone(m *Machine) *web {
	out := *x
	return &out
}

// state adds a line for everything that a script may change.
func (x *web) state(m *Machine, add func(format string, args ...any)) {}

func webArea() area { return area{} }
