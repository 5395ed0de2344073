package farm

// balancer is the network load balancing clusters of the farm.
type balancer struct{}

func newBalancer() *balancer { return &balancer{} }

// clone copies it for another farm.
func (x *balancer) clone(f *Farm) *balancer {
	out := *x
	return &out
}

// state adds a line for everything that a script may change.
func (x *balancer) state(add func(format string, args ...any)) {}

func balancerArea() area { return area{} }
