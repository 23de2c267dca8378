package imagestest

import "slices"

// page returns the images of a page, and whether more follow.
func (st *store) page(q *listQuery) (page []*record, more bool) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	m, ok := st.matcher(q)
	if !ok {
		return nil, false
	}
	step := -1
	if q.ascending {
		step = 1
	}
	for i := st.first(q); 0 <= i && i < len(st.order); i += step {
		if !m.matches(st.order[i]) {
			continue
		}
		if len(page) == q.perPage {
			return page, true
		}
		page = append(page, st.order[i])
	}
	return page, false
}

// first returns the index in order at which the page begins.
func (st *store) first(q *listQuery) int {
	if q.after == nil {
		if q.ascending {
			return 0
		}
		return len(st.order) - 1
	}
	i, found := st.search(*q.after)
	if !q.ascending {
		return i - 1
	}
	if found {
		return i + 1
	}
	return i
}

// matcher selects the images that match a query.
type matcher struct {
	creator    *string
	conditions []condition
	fields     []uint32 // of each condition, as numbered by the store
}

// matcher returns false if no image can match, because a field occurs in no image.
func (st *store) matcher(q *listQuery) (matcher, bool) {
	m := matcher{creator: q.creator, conditions: q.conditions}
	for _, c := range q.conditions {
		n, ok := st.fields.numbers[c.field]
		if !ok {
			return matcher{}, false
		}
		m.fields = append(m.fields, n)
	}
	return m, true
}

func (m *matcher) matches(rec *record) bool {
	if rec.deleted || m.creator != nil && *m.creator != rec.creator {
		return false
	}
	for i, c := range m.conditions {
		j := slices.IndexFunc(rec.scalars, func(s scalar) bool { return s.field == m.fields[i] })
		if j < 0 {
			return false
		}
		s := rec.scalars[j]
		if !c.holds(rec.metadata[s.start:s.end]) {
			return false
		}
	}
	return true
}
