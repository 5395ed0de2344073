package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// Diagram is a picture of the farm in bands from top to bottom: clients, each web farm under its virtual host name, report
// servers, and the databases under listener or instance. Servers stand in frames of their site. Requests of people run
// down the right margin, connections to the databases down the left one. Units are CSS pixels; the width is always the same
// and fits a portrait page, the height grows with the servers. No two boxes overlap, whatever the number of servers.
type Diagram struct {
	Width, Height int
	Text          string // the picture in words
	Frames        []Box  // behind the boxes; a frame encloses boxes
	Boxes         []Box
	Lines         []Line
	Labels        []Label // of lines
}

// Box is a rectangle with lines of text in it.
type Box struct {
	X, Y, W, H int
	Class      string // frame, people, front, server, again (a server that a band above has already)
	Texts      []Label
}

// Label is one line of text; Y is its base line.
type Label struct {
	X, Y   int
	Class  string // name, small
	Anchor string // start, middle, end
	Text   string
}

// Line is a connection from its first to its second point.
type Line struct {
	X1, Y1, X2, Y2 int
	Class          string // web, sql, between
	Arrow          bool   // at the second point
	Both           bool   // and at the first
}

// Measures of the picture.
const (
	pageWidth  = 760
	left       = 50 // of everything but the buses
	area       = 660
	boxWidth   = 140
	gap        = 12
	inside     = 8  // of a frame
	lineHeight = 14 // of text
	strip      = 30 // between bands, for arrows and their labels
	webBus     = left + area + 24
	sqlBus     = left - 24
)

type drawing struct {
	*Diagram
	y    int
	seen map[*farm.Host]bool
	// ends of the buses: where they begin, and the last branch
	webTop, webEnd, sqlTop, sqlEnd int
}

func diagram(f *farm.Farm) *Diagram {
	d := &drawing{Diagram: &Diagram{Width: pageWidth}, y: 6, seen: map[*farm.Host]bool{}}
	var words []string
	d.front([]string{"Clients and browsers", "BitLocker clients, help desk, users, readers of reports"}, "people")
	d.webTop = d.y
	for _, w := range f.Webs {
		words = append(words, d.web(f, w))
	}
	if r := f.Reporting; r != nil {
		words = append(words, d.reports(f, r))
	}
	words = append(words, d.databases(f)...)
	if d.webEnd > 0 {
		d.Lines = append(d.Lines, Line{X1: left + area, Y1: d.webTop - 17, X2: webBus, Y2: d.webTop - 17, Class: "web"})
		d.Lines = append(d.Lines, Line{X1: webBus, Y1: d.webTop - 17, X2: webBus, Y2: d.webEnd, Class: "web"})
	}
	if d.sqlEnd > d.sqlTop && d.sqlTop > 0 {
		d.Lines = append(d.Lines, Line{X1: sqlBus, Y1: d.sqlTop, X2: sqlBus, Y2: d.sqlEnd, Class: "sql"})
	}
	d.Height = d.y + 6
	d.Text = strings.Join(words, " ")
	return d.Diagram
}

// front draws a box over the whole width, its first line as a name.
func (d *drawing) front(lines []string, class string) *Box {
	b := Box{X: left, Y: d.y, W: area, Class: class}
	d.fill(&b, lines, "middle")
	d.Boxes = append(d.Boxes, b)
	d.y += b.H
	return &d.Boxes[len(d.Boxes)-1]
}

// fill puts lines of text into a box and makes it as high as they need.
func (d *drawing) fill(b *Box, lines []string, anchor string) {
	x := b.X + inside
	if anchor == "middle" {
		x = b.X + b.W/2
	}
	y := b.Y + 4
	for i, l := range lines {
		class := "small"
		if i == 0 {
			class = "name"
		}
		for _, part := range wrap(l, b.W-2*inside, class) {
			y += lineHeight
			b.Texts = append(b.Texts, Label{X: x, Y: y, Class: class, Anchor: anchor, Text: part})
		}
	}
	b.H = y + 6 - b.Y
}

// label writes beside an arrow in the strip above the current height.
func (d *drawing) label(x int, anchor, text string) {
	d.Labels = append(d.Labels, Label{X: x, Y: d.y - strip/2 + 4, Class: "small", Anchor: anchor, Text: text})
}

// fromPeople leads the bus of the clients to a band that begins at the current height and is that of the given height.
func (d *drawing) fromPeople(port string, height int) {
	d.label(webBus-6, "end", port)
	at := d.y + height/2
	d.Lines = append(d.Lines, Line{X1: webBus, Y1: at, X2: left + area, Y2: at, Class: "web", Arrow: true})
	d.webEnd = at
}

// toDatabases leads from a band of the given height to the bus of the databases.
func (d *drawing) toDatabases(top, height int) {
	at := top + height/2
	d.Lines = append(d.Lines, Line{X1: left, Y1: at, X2: sqlBus, Y2: at, Class: "sql"})
	if d.sqlTop == 0 {
		d.sqlTop = at
	}
}

// member is a server of a band with what it says there.
type member struct {
	host  *farm.Host
	lines []string
}

// servers draws servers in frames of their sites, from left to right and then down.
func (d *drawing) servers(members []member) (top, height int) {
	top = d.y
	lines := map[*farm.Host][]string{}
	var hosts []*farm.Host
	for _, m := range members {
		if lines[m.host] == nil {
			hosts = append(hosts, m.host)
		}
		lines[m.host] = append(lines[m.host], m.lines...)
	}
	x, rowHeight := left, 0
	for _, s := range farm.Sites(hosts) {
		title := s.Name
		columns := min(len(s.Hosts), 4)
		w := columns*boxWidth + (columns-1)*gap + 2*inside
		if x > left && x+w > left+area {
			x, d.y, rowHeight = left, d.y+rowHeight+gap, 0
		}
		frame := Box{X: x, Y: d.y, W: w, Class: "frame"}
		y := d.y + inside
		if title != "" {
			for _, part := range wrap("Site "+title, w-2*inside, "small") {
				y += lineHeight
				frame.Texts = append(frame.Texts, Label{X: x + inside, Y: y - 4, Class: "small", Anchor: "start", Text: part})
			}
		}
		for row := range slices.Chunk(s.Hosts, 4) {
			first, tallest := len(d.Boxes), 0
			for i, h := range row {
				b := Box{X: x + inside + i*(boxWidth+gap), Y: y, W: boxWidth, Class: "server"}
				if d.seen[h] {
					b.Class = "again"
				}
				text := []string{h.Name}
				if h.Address.IsValid() {
					text = append(text, h.Address.String())
				}
				text = append(text, lines[h]...)
				if d.seen[h] {
					text = append(text, "the same server as above")
				}
				d.seen[h] = true
				d.fill(&b, text, "start")
				tallest = max(tallest, b.H)
				d.Boxes = append(d.Boxes, b)
			}
			for i := first; i < len(d.Boxes); i++ {
				d.Boxes[i].H = tallest
			}
			y += tallest + gap
		}
		frame.H = y - gap + inside - frame.Y
		d.Frames = append(d.Frames, frame)
		rowHeight = max(rowHeight, frame.H)
		x += w + gap
	}
	d.y += rowHeight
	return top, d.y - top
}

// down draws the arrow in the strip between a front box and its servers, to the first of them: where a server is primary, that one.
func (d *drawing) down(class, text string) {
	x := left + inside + boxWidth/2
	d.Lines = append(d.Lines, Line{X1: x, Y1: d.y, X2: x, Y2: d.y + strip, Class: class, Arrow: true})
	d.y += strip
	d.label(x+8, "start", text)
}

func (d *drawing) web(f *farm.Farm, w *farm.Web) string {
	port := farm.PortText(w.Port)
	d.y += strip
	name := w.VirtualFQDN(f.Domain)
	lines := []string{name}
	second := "web farm of one server"
	if w.Balancer != nil {
		second = w.Balancer.Title()
		if w.Balancer.Address.IsValid() {
			second = w.Balancer.Address.String() + ", " + second
		}
	}
	lines = append(lines, second)
	at := d.y
	b := d.front(lines, "front")
	height := b.H
	now := d.y
	d.y = at
	d.fromPeople(port, height)
	d.y = now
	d.down("web", port+" to each node")
	var members []member
	var nodes []string
	for _, n := range w.Nodes {
		members = append(members, member{n.Host, []string{"web node"}})
		nodes = append(nodes, n.Host.Name)
	}
	d.toDatabases(d.servers(members))
	return fmt.Sprintf("Clients and browsers reach %s on %s; it is served by %s.", name, port, strings.Join(nodes, ", "))
}

func (d *drawing) reports(f *farm.Farm, r *farm.Reporting) string {
	port := ""
	if n, err := r.Port(); err == nil {
		port = farm.PortText(n)
	}
	d.y += strip
	var members []member
	var names []string
	for _, h := range r.Hosts {
		members = append(members, member{h, []string{"report server"}})
		names = append(names, h.Name)
	}
	at := d.y
	top, height := d.servers(members)
	now := d.y
	d.y = at
	d.fromPeople(port, height)
	// The frame is narrower than the band, so the arrow goes on to it.
	last := d.Frames[len(d.Frames)-1]
	d.Lines[len(d.Lines)-1].X2 = last.X + last.W
	if y := d.Lines[len(d.Lines)-1].Y1; y < last.Y || y > last.Y+last.H {
		d.Lines[len(d.Lines)-1].Y1, d.Lines[len(d.Lines)-1].Y2, d.webEnd = last.Y+last.H/2, last.Y+last.H/2, last.Y+last.H/2
	}
	d.y = now
	d.toDatabases(top, height)
	return fmt.Sprintf("Browsers reach the reports on %s on %s.", strings.Join(names, ", "), port)
}

func (d *drawing) databases(f *farm.Farm) []string {
	var words []string
	var members []member
	for _, p := range f.Placements {
		if len(p.Databases) == 0 {
			continue
		}
		d.y += strip
		lines, port := databaseFront(p)
		at := d.y
		b := d.front(lines, "front")
		middle := at + b.H/2
		now := d.y
		d.y = at
		d.label(sqlBus+6, "start", port)
		d.y = now
		d.Lines = append(d.Lines, Line{X1: sqlBus, Y1: middle, X2: left, Y2: middle, Class: "sql", Arrow: true})
		d.sqlEnd = middle
		var names []string
		for _, m := range roles(p) {
			members = append(members, m)
			names = append(names, m.host.Name+" ("+strings.Join(m.lines, ", ")+")")
		}
		words = append(words, fmt.Sprintf("Web servers and report servers reach %s, on %s; copies: %s.", strings.Join(lines, ", "), port, strings.Join(names, "; ")))
	}
	d.down("sql", "to the server that is primary now")
	d.servers(members)
	for _, l := range between(f) {
		d.y += 24
		d.Lines = append(d.Lines, Line{X1: left + 10, Y1: d.y - 4, X2: left + 60, Y2: d.y - 4, Class: "between", Arrow: true, Both: true})
		for i, part := range wrap(l, area-80, "small") {
			if i > 0 {
				d.y += lineHeight
			}
			d.Labels = append(d.Labels, Label{X: left + 70, Y: d.y, Class: "small", Anchor: "start", Text: part})
		}
		words = append(words, l+".")
	}
	return words
}

// databaseFront names how a placement is reached, and on which port.
func databaseFront(p *farm.Placement) (lines []string, port string) {
	var titles []string
	for _, d := range p.Databases {
		titles = append(titles, d.Name)
	}
	what := strings.Join(titles, ", ")
	switch {
	case p.AG() && p.Listener != nil:
		l := p.Listener
		second := "listener of the availability group " + p.Name
		if list := l.Hosts(); len(list) > 0 {
			second = strings.Join(list, ", ") + ", " + second
		}
		return []string{l.FQDN, second, what}, farm.PortText(l.Port)
	case p.Mirroring():
		return []string{p.Principal.Name + ", failover partner " + p.Mirror.Name, "mirrored databases", what}, instancePort(p.Principal)
	case p.AG():
		return []string{p.Primary().Name, "availability group " + p.Name + " without a listener", what}, instancePort(p.Primary())
	case p.FCI():
		return []string{p.Instance.Name, "failover cluster instance", what}, instancePort(p.Instance)
	}
	return []string{p.Instance.Name, "stand-alone instance", what}, instancePort(p.Instance)
}

func instancePort(i *farm.Instance) string {
	if i.Port > 0 {
		return farm.PortText(i.Port)
	}
	return "UDP 1434, then the port it tells"
}

// roles says what each server is to a placement.
func roles(p *farm.Placement) []member {
	var out []member
	add := func(i *farm.Instance, what string) {
		if i.Folder() != i.Host().Name {
			what = i.Name + ": " + what
		}
		for _, h := range i.Nodes {
			out = append(out, member{h, []string{what}})
		}
	}
	switch {
	case p.AG():
		for _, r := range p.Replicas {
			what := "secondary"
			if r.First {
				what = "first primary"
			}
			if !r.Synchronous {
				what += ", asynchronous"
			}
			add(r.Instance, what+" of "+p.Name)
		}
	case p.Mirroring():
		add(p.Principal, "principal of "+p.Name)
		add(p.Mirror, "mirror of "+p.Name)
		if p.Witness != nil {
			add(p.Witness, "witness of "+p.Name)
		}
	case p.FCI():
		add(p.Instance, "possible owner")
	default:
		add(p.Instance, "SQL Server")
	}
	return out
}

// between tells what the copies exchange, a sentence for each placement.
func between(f *farm.Farm) []string {
	var out []string
	for _, p := range f.Placements {
		if len(p.Databases) == 0 {
			continue
		}
		var ports []string
		add := func(n int) {
			if t := strconv.Itoa(n); n > 0 && !slices.Contains(ports, t) {
				ports = append(ports, t)
			}
		}
		for _, r := range p.Replicas {
			add(r.EndpointPort)
		}
		if p.Mirroring() {
			for _, i := range p.Members() {
				add(f.EndpointPort(p, i))
			}
		}
		if len(ports) > 0 {
			out = append(out, "TCP "+strings.Join(ports, ", ")+" among the servers of "+p.Name+": data movement through the mirroring endpoints")
		}
	}
	return out
}

// wrap cuts text into lines that fit into a width, at blanks where it can.
func wrap(text string, width int, class string) []string {
	size := 11
	if class == "name" {
		size = 13
	}
	var lines []string
	line, used, blank := []rune{}, 0, -1
	for _, r := range text {
		w := advance(r, size)
		if used+w > width*10 && len(line) > 0 {
			cut := len(line)
			if blank > 0 {
				cut = blank + 1
			}
			rest := slices.Clone(line[cut:])
			lines = append(lines, strings.TrimSpace(string(line[:cut])))
			line, used, blank = rest, 0, -1
			for _, o := range line {
				used += advance(o, size)
			}
		}
		line = append(line, r)
		used += w
		if r == ' ' || r == '-' {
			blank = len(line) - 1
		}
	}
	return append(lines, strings.TrimSpace(string(line)))
}

// advance is an upper estimate of a character's width in tenths of a pixel, for the usual sans-serif faces.
func advance(r rune, size int) int {
	share := 62 // percent of the size
	switch {
	case strings.ContainsRune("WM@%m", r):
		share = 98
	case r >= 0x1100 || unicode.Is(unicode.Mn, r):
		share = 105
	case unicode.IsUpper(r) || strings.ContainsRune("w&", r):
		share = 78
	case strings.ContainsRune("iljtfI.,:;'|!() ", r):
		share = 36
	}
	return share * size / 10
}
