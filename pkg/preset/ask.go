package preset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// ErrEnded is returned when the input ends before the last answer.
var ErrEnded = errors.New("the input ended before the last answer")

// leaveOut is what a person types to leave an optional value out that has a suggestion.
const leaveOut = "-"

// Prompter asks a person, line by line.
type Prompter struct {
	out   io.Writer
	lines chan string
}

// NewPrompter reads answers from in, whose lines it takes from now on until in ends.
func NewPrompter(in io.Reader, out io.Writer) *Prompter {
	p := &Prompter{out: out, lines: make(chan string)}
	go func() {
		defer close(p.lines)
		s := bufio.NewScanner(in)
		for s.Scan() {
			p.lines <- s.Text()
		}
	}()
	return p
}

// line prints a prompt and returns the next line without blanks around it. A cancelled context ends the waiting.
func (p *Prompter) line(ctx context.Context, prompt string) (string, error) {
	if _, err := fmt.Fprint(p.out, prompt); err != nil {
		return "", fmt.Errorf("write a prompt: %w", err)
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case l, ok := <-p.lines:
		if !ok {
			return "", ErrEnded
		}
		return strings.TrimSpace(l), nil
	}
}

// Choose asks which preset to start from.
func (p *Prompter) Choose(ctx context.Context, list []*Preset) (*Preset, error) {
	fmt.Fprint(p.out, "Which farm is closest to yours?\n\n")
	for i, s := range list {
		fmt.Fprintf(p.out, "%3d  %s\n", i+1, s.Name)
		for _, l := range Wrap(s.About, 74) {
			fmt.Fprintf(p.out, "     %s\n", l)
		}
	}
	for {
		answer, err := p.line(ctx, "\nNumber or name [1]: ")
		if err != nil {
			return nil, err
		}
		if answer == "" {
			return list[0], nil
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(list) {
			return list[n-1], nil
		}
		for _, s := range list {
			if strings.EqualFold(s.Name, answer) {
				return s, nil
			}
		}
		fmt.Fprintf(p.out, "  %s is none of them; type a number from 1 to %d.\n", diag.Visible(answer), len(list))
	}
}

// Ask asks every question of a preset that has no good default. Answers given before are offered again.
func (p *Prompter) Ask(ctx context.Context, from *Preset, before Answers) (Answers, error) {
	fmt.Fprintf(p.out, "\nEnter takes the value in [brackets]; %s leaves out what may be left out.\n\n", leaveOut)
	a := Answers{}
	for path, v := range before {
		a[path] = v
	}
	for _, q := range from.Questions() {
		if q.Text == "" {
			continue
		}
		if err := p.ask(ctx, from, q, a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (p *Prompter) ask(ctx context.Context, from *Preset, q Question, a Answers) error {
	def, ok := from.Default(q, a)
	hint := ", such as " + q.Example
	switch {
	case ok:
		hint = " [" + def + "]"
	case strings.HasPrefix(q.Path, "hosts.") && q.field.Type == decode.TypeName:
		hint = ""
	}
	if len(q.field.Enum) > 0 {
		hint = " (" + strings.Join(q.field.Enum, ", ") + ")" + hint
	}
	for {
		answer, err := p.line(ctx, q.Path+": "+q.Text+diag.Visible(hint)+": ")
		switch {
		case err != nil:
			return err
		case answer == "" && ok:
			answer = def
		case answer == leaveOut && q.Optional:
			answer = ""
		}
		clean, expected := q.Fit(answer)
		if expected == "" {
			a[q.Path] = clean
			return nil
		}
		fmt.Fprintf(p.out, "  expected %s\n", expected)
	}
}

// Wrap breaks text into lines of at most width runes where it has blanks.
func Wrap(text string, width int) []string {
	var out []string
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(w)) > width {
			out = append(out, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
