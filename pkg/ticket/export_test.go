package ticket

// What the tests look at.
const (
	JSONName         = jsonName
	ZipName          = zipName
	DiffName         = diffName
	AttachmentFolder = attachmentFolder
	SumsName         = sumsName
	ShortLength      = shortLength
	Column           = column
)

var (
	Clip        = clip
	ReplaceWord = replaceWord
)

// Prose is prose with its methods.
type Prose struct{ prose }

// Line writes a paragraph.
func (p *Prose) Line(lead, text string) { p.line(lead, text) }

// Text returns what was written.
func (p *Prose) Text() string { return p.text() }
