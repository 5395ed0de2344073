package render

import "github.com/mbamplan/mbamplan/pkg/weave"

// SetRuns makes the engine take its runs from f.
func (e *Engine) SetRuns(f func() *weave.Run) { e.newRun = f }
