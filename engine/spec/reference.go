package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reference is a reference that is resolved at run time, such as ${mocks.payment-api.url}.
type Reference struct {
	// Namespace is its first name, such as mocks.
	Namespace string
	// Path is what follows, split at the dots, such as payment-api and url.
	Path []string
	Pos  Pos
}

// String is the reference without ${ and }, as [ExpandRuntime] looks it up.
func (r Reference) String() string { return r.Namespace + "." + strings.Join(r.Path, ".") }

// isReference tells whether the text is a name, or names with dots between them.
func isReference(s string) bool {
	for i, part := range strings.Split(s, ".") {
		bad := func(r rune) bool { return !isNamePart(r) }
		if part == "" || strings.ContainsFunc(part, bad) || i == 0 && (part[0] == '-' || part[0] <= '9') {
			return false
		}
	}
	return true
}

func isNamePart(r rune) bool {
	return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// isReserved tells whether the reference is one for run time.
func (e *expander) isReserved(ref string) bool {
	namespace, _, dotted := strings.Cut(ref, ".")
	return dotted && isReference(ref) && slices.Contains(e.o.Reserved, namespace)
}

// References are the references of the document that are resolved at run time, in file order and each
// where it is used: what stands under vars counts where the variable is.
func (d *Document) References() []Reference {
	s := &search{reserved: d.reserved, seen: map[*Node]bool{d.Root.Key("vars"): true}}
	s.node(d.Root)
	slices.SortStableFunc(s.found, func(a, b Reference) int { return a.Pos.compare(b.Pos) })
	return s.found
}

type search struct {
	reserved []string
	seen     map[*Node]bool
	found    []Reference
}

func (s *search) node(n *Node) {
	if n == nil || s.seen[n] {
		return
	}
	s.seen[n] = true
	for _, e := range n.entries {
		s.node(e.Value)
	}
	for _, item := range n.items {
		s.node(item)
	}
	for _, ref := range runtimeReferences(n.Text()) {
		names := strings.Split(ref.name, ".")
		if slices.Contains(s.reserved, names[0]) {
			at := n.ValuePos(utf8.RuneCountInString(n.text[:ref.start]))
			s.found = append(s.found, Reference{Namespace: names[0], Path: names[1:], Pos: at})
		}
	}
}

// runtimeReference is a ${...} or, escaped, a $${...} in an expanded text, in bytes.
type runtimeReference struct {
	name       string
	start, end int
}

// runtimeReferences finds what looks like a reference to be resolved at run time; escaped ones are left
// out.
func runtimeReferences(text string) (found []runtimeReference) {
	for i := 0; i < len(text); {
		next := strings.Index(text[i:], "${")
		if next < 0 {
			break
		}
		at := i + next
		i = at + 2
		name := bodyOf(text[at:])
		end := at + len(name) + 3
		escaped := at > 0 && text[at-1] == '$'
		if escaped || end > len(text) || !isRuntime(name) {
			continue
		}
		found = append(found, runtimeReference{name: name, start: at, end: end})
		i = end
	}
	return found
}

func isRuntime(name string) bool {
	return isReference(name) && strings.Contains(name, ".") && !strings.HasPrefix(name, "env.")
}

// ExpandRuntime puts in what lookup gives for each reference of a text that came out of a document, such
// as mocks.payment-api.url for ${mocks.payment-api.url}. A name that lookup does not know is an error; a
// lookup leaves a reference as it is by giving it back. $${ becomes ${, and a ${ that does not start
// a name with a dot in it is left alone.
func ExpandRuntime(text string, lookup func(ref string) (string, bool)) (string, error) {
	var b strings.Builder
	from := 0
	unescape := func(s string) string { return strings.ReplaceAll(s, "$${", "${") }
	for _, ref := range runtimeReferences(text) {
		value, ok := lookup(ref.name)
		if !ok {
			return "", fmt.Errorf("resolving %s: nothing has published it", text[ref.start:ref.end])
		}
		b.WriteString(unescape(text[from:ref.start]))
		b.WriteString(value)
		from = ref.end
	}
	b.WriteString(unescape(text[from:]))
	return b.String(), nil
}
