// Package spec reads run files strictly: every mistake at once, each with its place in the file.
package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxSize is the largest run file that is read, in bytes.
const MaxSize = 4 << 20

// Document is a run file that was read.
type Document struct {
	// Path is the name given to [Load] or [Parse].
	Path string
	// Source is the file as it stands, without a byte order mark.
	Source []byte
	// Root is the value of the document; nil if it could not be read.
	Root *Node

	reserved []string
	unused   []string
	secret   []string
}

// Unused lists the variables of [Options] that stand nowhere in the document, sorted.
func (d *Document) Unused() []string { return d.unused }

// Options say what ${...} stands for. The zero value knows no variables.
type Options struct {
	// Vars are the variables given on the command line. They win over the document's own vars mapping
	// and are taken as they are.
	Vars map[string]string
	// Env looks up environment variables; nil knows none.
	Env func(name string) (string, bool)
	// Reserved are the namespaces whose references, such as ${mocks.payment-api.url}, are resolved at
	// run time. They are left as they are.
	Reserved []string
}

// Load reads a run file. The document is never nil; its Root is nil if nothing of it could be read. The
// findings are sorted by position.
func Load(path string, o Options) (*Document, Diagnostics) {
	src, ds := read(path)
	if ds.Err() != nil {
		return &Document{Path: path}, ds
	}
	return Parse(path, src, o)
}

func read(path string) (src []byte, ds Diagnostics) {
	at := Pos{File: path}
	f, err := os.Open(path)
	if err != nil {
		ds.Errorf(at, openHint(err), "cannot open the run file: %v", cause(err))
		return nil, ds
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		ds.Errorf(at, "name the file in it, such as "+path+"/pipeline.yaml", "this is a folder, not a run file")
		return nil, ds
	}
	src, err = io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		ds.Errorf(at, "", "cannot read the run file: %v", cause(err))
	}
	return src, ds
}

func openHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "give the path of the run file, relative to the current folder"
	case errors.Is(err, fs.ErrPermission):
		return "make it readable for the user that runs headgate"
	}
	return ""
}

// cause is what the operating system said, without the path that stands in the position anyway.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// Parse reads a run file from memory; name stands in the positions. The document is never nil; its
// Root is nil if nothing of it could be read. The findings are sorted by position.
func Parse(name string, src []byte, o Options) (*Document, Diagnostics) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	doc := &Document{Path: name, Source: src, reserved: slices.Clone(o.Reserved)}
	ds := checkBytes(name, src)
	if ds.Err() != nil {
		return doc, ds
	}
	from := newSource(name, src)
	top, found := from.parse()
	ds.Add(found)
	if top == nil {
		ds.sort()
		return doc, ds
	}
	b := newBuilder(from)
	doc.Root = b.document(top)
	ds.Add(b.ds)
	expanded := expand(doc.Root, o)
	doc.unused, doc.secret = expanded.unused(), expanded.secret
	ds.Add(expanded.ds)
	ds.sort()
	return doc, ds.cap()
}

// checkBytes refuses what cannot be YAML text at all.
func checkBytes(name string, src []byte) (ds Diagnostics) {
	start := Pos{File: name, Line: 1, Column: 1}
	if len(src) > MaxSize {
		ds.Errorf(Pos{File: name}, "keep captured traffic in files of its own and name them in the run file",
			"the run file is larger than %d MiB", MaxSize>>20)
		return ds
	}
	if len(bytes.TrimSpace(src)) == 0 {
		ds.Errorf(start, "", "the run file is empty")
		return ds
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		ds.Errorf(offsetPos(name, src, i), "a run file is a YAML text",
			"this is a binary file: it has a NUL byte here")
		return ds
	}
	if !utf8.Valid(src) {
		ds.Errorf(offsetPos(name, src, firstInvalid(src)), "save the file as UTF-8", "the text is not valid UTF-8")
		return ds
	}
	if i := bytes.IndexFunc(src, isControl); i >= 0 {
		r, _ := utf8.DecodeRune(src[i:])
		ds.Errorf(offsetPos(name, src, i), fmt.Sprintf(`remove it, or write "\u%04x" in double quotes`, r),
			"the control character U+%04X is not allowed in YAML", r)
	}
	return ds
}

func firstInvalid(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(src)
}

// isControl follows the printable characters of YAML 1.2, section 5.1.
func isControl(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return false
	case r < 0x20 || r == 0xfffe || r == 0xffff:
		return true
	}
	return false
}

// offsetPos is the position of a byte offset.
func offsetPos(name string, src []byte, offset int) Pos {
	lines := splitLines(string(src[:offset]))
	last := strings.ToValidUTF8(lines[len(lines)-1], "?")
	return Pos{File: name, Line: len(lines), Column: utf8.RuneCountInString(last) + 1}
}
