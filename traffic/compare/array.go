package compare

// maxCells bounds the table of a comparison of two arrays; larger ones are compared by position.
const maxCells = 1000 * 1000

// maxSimilarCells bounds the table in which elements that differ are paired by likeness.
const maxSimilarCells = 100 * 100

// element is an element of an array with its index there.
type element struct {
	v *value
	i int
}

// elements lists the elements of both arrays without those that are left out as a whole.
func (w *walk) elements(a, b *value) (ea, eb []element) {
	dropped := false
	for i := range a.kids {
		if a.kids[i].ignored() {
			dropped = true
			continue
		}
		if ea == nil {
			ea = make([]element, 0, len(a.kids))
		}
		ea = append(ea, element{&a.kids[i], i})
	}
	eb = make([]element, 0, len(b.kids))
	for i := range b.kids {
		if !dropped || w.ignoredInActual(&b.kids[i]) == nil {
			eb = append(eb, element{&b.kids[i], i})
		}
	}
	return ea, eb
}

// countDropped tells the rules which of the elements that they leave out differ.
func (w *walk) countDropped(a, b *value) {
	for i := range a.kids {
		v := &a.kids[i]
		if v.ignored() && (i >= len(b.kids) || !w.sameInside(v, &b.kids[i])) {
			v.marks.ignore.excuse(w.endpoint)
		}
	}
}

func (w *walk) diffArray(at *place, a, b *value) {
	w.countDropped(a, b)
	ea, eb := w.elements(a, b)
	switch {
	case a.marks != nil && a.marks.unordered != nil:
		w.diffUnordered(at, pairing{ea, eb, nil}, a.marks.unordered)
	default:
		w.diffOrdered(at, ea, eb, [2]*value{a, b})
	}
}

// diffOrdered aligns what two arrays have in common at both ends, then what is between.
func (w *walk) diffOrdered(at *place, a, b []element, whole [2]*value) {
	// Two elements that are alone need not be found equal before they are compared.
	single := func() bool { return len(a) == 1 && len(b) == 1 }
	for len(a) > 0 && len(b) > 0 && !single() && w.same(a[0].v, b[0].v) {
		w.diffItem(at, a[0], b[0])
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && !single() && w.same(a[len(a)-1].v, b[len(b)-1].v) {
		w.diffItem(at, a[len(a)-1], b[len(b)-1])
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch {
	case len(a) == 0 || len(b) == 0 || single() || len(a)*len(b) > maxCells:
		w.diffPositions(at, a, b)
	case len(a) > 1 && len(a) == len(b) && w.permuted(a, b):
		w.reordered(at, a, b, whole)
	default:
		w.diffAligned(at, a, b)
	}
}

// reordered reports the same elements in another order as one difference. The elements that stand where
// they stood count as matched.
func (w *walk) reordered(at *place, a, b []element, whole [2]*value) {
	for i := range a {
		n := a[i].v.leaves()
		w.out.Fields += n
		if w.same(a[i].v, b[i].v) {
			w.out.Matched += n
		}
	}
	w.differ(at, Order, whole[0], whole[1])
}

// diffAligned aligns by the longest common subsequence; what lies between its members is paired by
// likeness.
func (w *walk) diffAligned(at *place, a, b []element) {
	i, j := 0, 0
	for _, pair := range w.commonSubsequence(a, b) {
		w.diffSimilar(at, a[i:pair[0]], b[j:pair[1]])
		w.diffItem(at, a[pair[0]], b[pair[1]])
		i, j = pair[0]+1, pair[1]+1
	}
	w.diffSimilar(at, a[i:], b[j:])
}

// commonSubsequence finds the longest common subsequence as pairs of indexes, by the textbook table.
func (w *walk) commonSubsequence(a, b []element) [][2]int {
	same := func(i, j int) int {
		if w.same(a[i].v, b[j].v) {
			return 1
		}
		return 0
	}
	t := fill(len(a), len(b), same)
	var pairs [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case t.gain[i*len(b)+j] > 0:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case t.best(i+1, j) >= t.best(i, j+1):
			i++
		default:
			j++
		}
	}
	return pairs
}

// diffSimilar pairs elements of which none is equal to another: so that the likeness of the pairs is
// greatest, in the order in which they stand.
func (w *walk) diffSimilar(at *place, a, b []element) {
	if len(a) == 0 || len(b) == 0 || len(a)*len(b) > maxSimilarCells {
		w.diffPositions(at, a, b)
		return
	}
	t := fill(len(a), len(b), func(i, j int) int { return w.likeness(a[i].v, b[j].v) })
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch best := t.best(i, j); {
		case best == t.best(i+1, j+1)+t.gain[i*len(b)+j]:
			w.diffItem(at, a[i], b[j])
			i, j = i+1, j+1
		case best == t.best(i+1, j):
			w.missingItem(at, a[i])
			i++
		default:
			w.extraItem(at, b[j])
			j++
		}
	}
	w.diffPositions(at, a[i:], b[j:])
}

// diffPositions compares by position.
func (w *walk) diffPositions(at *place, a, b []element) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(b):
			w.missingItem(at, a[i])
		case i >= len(a):
			w.extraItem(at, b[i])
		default:
			w.diffItem(at, a[i], b[i])
		}
	}
}

// likeness is greater the more members two values have in common; a common identifier outweighs much
// else. It is never 0, so that a changed element is not taken for one removed and one added.
func (w *walk) likeness(a, b *value) int {
	const sameKind, sameKid, sameID = 2, 8, 64
	if a.kind != b.kind {
		return 1
	}
	score := sameKind
	switch a.kind {
	case objectKind:
		merge(a.kids, b.kids, func(x, y *value) bool {
			switch {
			case x == nil || y == nil || !w.same(x, y):
			case x.key == "id":
				score += sameID
			default:
				score += sameKid
			}
			return true
		})
	case arrayKind:
		for i := range min(len(a.kids), len(b.kids)) {
			if w.same(&a.kids[i], &b.kids[i]) {
				score += sameKid
			}
		}
	case elementKind:
		if a.text != b.text {
			return 1
		}
		score += w.likeness(&a.kids[0], &b.kids[0]) + w.likeness(&a.kids[1], &b.kids[1])
	}
	return score
}

// table is the table of an alignment: what pairing i with j gains, and the most that can be gained from
// i and j onwards.
type table struct {
	gain, most []int32
	columns    int
}

func fill(rows, columns int, gain func(i, j int) int) table {
	t := table{
		gain: make([]int32, rows*columns), most: make([]int32, (rows+1)*(columns+1)), columns: columns,
	}
	for i := rows - 1; i >= 0; i-- {
		for j := columns - 1; j >= 0; j-- {
			g := int32(gain(i, j))
			t.gain[i*columns+j] = g
			t.most[i*(columns+1)+j] = max(t.best(i+1, j+1)+g, t.best(i+1, j), t.best(i, j+1))
		}
	}
	return t
}

func (t *table) best(i, j int) int32 { return t.most[i*(t.columns+1)+j] }

func (w *walk) diffItem(at *place, a, b element) {
	step := w.itemAt(at, a)
	w.diff(&step, a.v, b.v)
}

func (w *walk) missingItem(at *place, e element) {
	step := w.itemAt(at, e)
	w.missing(&step, e.v)
}

func (w *walk) extraItem(at *place, e element) {
	step := w.itemAt(at, e)
	w.extra(&step, nil, e.v)
}

// itemAt is the place of an element: its index, from 1 in XPath.
func (w *walk) itemAt(at *place, e element) place {
	step := at.item(e.i)
	if w.xml {
		step.style, step.name, step.index = elementPlace, e.v.text, e.i+1
	}
	return step
}
