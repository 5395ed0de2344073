package farm

// system is the Windows of a machine: registry, services, features, installed products, firewall, certificates, rights, events, tasks.
type system struct{}

func newSystem() *system { return &system{} }

// clone copies it for another machine.
func (x *system) clone(m *Machine) *system {
	out := *x
	return &out
}

// state adds a line for everything that a script may change.
func (x *system) state(m *Machine, add func(format string, args ...any)) {}

func systemArea() area { return area{} }
