package render

import "github.com/mbamplan/mbamplan/pkg/weave"

// Runs gives new runs by a function and lets them go.
type Runs func() *weave.Run

func (f Runs) get() *weave.Run { return f() }
func (Runs) put(*weave.Run)    {}

// SetRuns makes the engine take its runs from f.
func (e *Engine) SetRuns(f Runs) { e.runs = f }
