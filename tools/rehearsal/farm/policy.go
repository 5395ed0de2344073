package farm

// policies is the Group Policy objects of the domain and the clients.
type policies struct{}

func newPolicies() *policies { return &policies{} }

// clone copies it for another farm.
func (x *policies) clone(f *Farm) *policies {
	out := *x
	return &out
}

// state adds a line for everything that a script may change.
func (x *policies) state(add func(format string, args ...any)) {}

func policyArea() area { return area{} }
