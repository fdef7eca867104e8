package transform

// setHeaderStep sets headers. It has a part for each.
type setHeaderStep struct {
	names, values []string
	in            Side
}

func (s *setHeaderStep) apply(x *exchange, counts []int) error {
	for m := range x.messages(s.in) {
		for i, name := range s.names {
			if name == "Host" && m.Request != nil {
				m.Host = s.values[i]
			} else {
				m.set(name, s.values[i])
			}
			counts[i]++
		}
	}
	return nil
}

// removeHeaderStep removes headers. It has a part for each.
type removeHeaderStep struct {
	names []string
	in    Side
}

func (s *removeHeaderStep) apply(x *exchange, counts []int) error {
	for m := range x.messages(s.in) {
		for i, name := range s.names {
			if m.remove(name) {
				counts[i]++
			}
		}
	}
	return nil
}
