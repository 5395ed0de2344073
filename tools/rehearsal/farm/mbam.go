package farm

// mbam is the MBAM features of a machine with the parameters that they were enabled with.
type mbam struct{}

func newMbam() *mbam { return &mbam{} }

// clone copies it for another machine.
func (x *mbam) clone(m *Machine) *mbam {
	out := *x
	return &out
}

// state adds a line for everything that a script may change.
func (x *mbam) state(m *Machine, add func(format string, args ...any)) {}

func mbamArea() area { return area{} }
