package tsql

// place is where something begins in the file, both from 1.
type place struct{ line, column int }

// An expr has a value, a cond is true, false or unknown. Both are evaluated in an env.
type (
	expr interface {
		eval(*env) Value
		// kind is what the value is when it is not NULL, as far as that can be told without evaluating.
		kind(*env) kind
	}
	cond interface{ test(*env) truth }
)

type truth int8

const (
	no truth = iota
	yes
	unknown
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// kind is a class of data types.
type kind int8

const (
	kindUnknown kind = iota
	kindText
	kindNumber
	kindTime
	kindBinary
)

type (
	literal  struct{ value Value }
	variable struct {
		place
		name string // in lower case, with its sign
		typ  *dataType
	}
	global struct {
		place
		name string // in upper case, with its signs
	}
	column struct {
		place
		qualifier, name string // in lower case
	}
	negation   struct{ x expr }
	arithmetic struct {
		place
		op   byte
		l, r expr
	}
	call struct {
		place
		name string // in upper case, or with a schema in lower case
		part string // of DATEADD and DATEDIFF
		args []expr
	}
	aggregate struct {
		place
		name     string
		distinct bool
		x        expr // nil for *
	}
	convert struct {
		place
		typ   dataType
		x     expr
		style expr
	}
	choice struct {
		of    expr // nil when the whens are conds
		whens []when
		other expr
	}
	when struct {
		is   expr
		cond cond
		then expr
	}
	subquery struct{ q *query }
)

type (
	comparison struct {
		place
		op   string
		l, r expr
	}
	both     struct{ l, r cond }
	either   struct{ l, r cond }
	negative struct{ c cond }
	isNull   struct {
		x   expr
		not bool
	}
	among struct {
		place
		x    expr
		list []expr
		q    *query
		not  bool
	}
	like struct {
		place
		x, pattern expr
		escape     expr
		not        bool
	}
	between struct {
		place
		x, low, high expr
		not          bool
	}
	exists struct{ q *query }
)

// query is a SELECT.
type query struct {
	place
	distinct bool
	top      expr
	items    []item
	assigns  bool
	from     []source
	where    cond
	groups   []*column
	order    []ordering
	grouped  bool // an aggregate stands in items
	union    *query
	all      bool // UNION ALL
}

type item struct {
	to   *variable
	x    expr
	name string
}

// source is a table of FROM with the join to those before it.
type source struct {
	place
	name  Name
	alias string // in lower case; empty when the name serves
	args  []expr // of a table-valued function, nil for what is none
	table string // a table variable or temporary table, in lower case
	q     *query // a derived table
	outer bool   // LEFT JOIN
	on    cond
}

type ordering struct {
	x    expr
	desc bool
}

// A stmt is a statement.
type stmt interface{ at() place }

func (p place) at() place { return p }

type (
	declareStmt struct {
		place
		vars []*variable
		init []expr
	}
	declareTable struct {
		place
		name string
	}
	setStmt struct {
		place
		to *variable
		x  expr
	}
	optionStmt struct {
		place
		name string
		on   bool
	}
	useStmt struct {
		place
		database string
	}
	selectStmt struct {
		place
		q *query
	}
	ifStmt struct {
		place
		c           cond
		then, other stmt
	}
	whileStmt struct {
		place
		c    cond
		body stmt
	}
	blockStmt struct {
		place
		list []stmt
	}
	tryStmt struct {
		place
		body, catch []stmt
	}
	printStmt struct {
		place
		x expr
	}
	raiseStmt struct {
		place
		text            expr
		severity, state expr
		args            []expr
	}
	throwStmt struct {
		place
		number, text, state expr // nil to throw again
	}
	waitStmt struct {
		place
		x expr
	}
	leaveStmt struct {
		place
		how flow
	}
	insertStmt struct {
		place
		into    string
		columns []string
		values  [][]expr
		q       *query
		exec    *execStmt
	}
	deleteStmt struct {
		place
		from  source
		where cond
	}
	createTable struct {
		place
		def *tableDef
	}
	dropTable struct {
		place
		name string
	}
	execStmt struct {
		place
		proc Name
		args []execArg
		text expr // of EXEC ('…')
	}
	execArg struct {
		name   string
		x      expr
		output *variable
	}
	hostStmt struct {
		place
		what    string
		tokens  []Token
		reports bool
	}
)

// tableDef is a table variable or a temporary table as it is declared.
type tableDef struct {
	name    string
	columns []columnDef
}

type columnDef struct {
	name       string // in lower case
	shown      string
	typ        dataType
	notNull    bool
	identity   bool
	start, add int64
}

// batch is a batch that was parsed. A fault is what the server says when it compiles it: then nothing of it runs.
type batch struct {
	line      int
	list      []stmt
	variables []*variable
	tables    []*tableDef
	fault     *Error
}
