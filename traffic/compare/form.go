package compare

import "net/url"

// form compares URL-encoded forms by field. It is false if the recorded body is none.
func (w *walk) form(e, a []byte) bool {
	recorded, err := url.ParseQuery(string(e))
	if err != nil {
		return false
	}
	actual, err := url.ParseQuery(string(a))
	if err != nil || len(actual) == 0 {
		return false
	}
	w.diffMembers(root("form"), formTree(recorded), formTree(actual))
	return true
}

// formTree is a form as an object. A field that comes more than once is a repeated member.
func formTree(form url.Values) *value {
	tree := &value{kind: objectKind}
	for _, name := range sortedKeys(form) {
		for _, text := range form[name] {
			tree.kids = append(tree.kids, value{kind: stringKind, key: name, text: text})
		}
	}
	return tree
}
