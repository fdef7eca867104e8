package mocks

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mostIgnored is how many parts of a request a suggestion leaves out: beyond that it is another call.
const mostIgnored = 3

// Suggestion is the one line to add to the settings of a mock built from traffic so that requests like
// the missed one count as recorded: the parts in which it differs from this stub, left out. It is
// empty where nothing of the kind can be said, such as for another path.
func (n Near) Suggestion() string {
	if len(n.Differences) == 0 || len(n.Differences) > mostIgnored {
		return ""
	}
	var json, query []string
	for _, d := range n.Differences {
		name, isQuery := strings.CutPrefix(d.Where, "query.")
		switch {
		case isQuery:
			query = appendNew(query, strconv.Quote(name))
		case strings.HasPrefix(d.Where, "$") && len(d.Where) > 1:
			json = appendNew(json, strconv.Quote(anyIndex(d.Where)))
		default:
			return ""
		}
	}
	return "match: {ignore: {" + strings.Join(slices.Concat(listed("json", json), listed("query", query)), ", ") + "}}"
}

func listed(key string, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	return []string{key + ": [" + strings.Join(names, ", ") + "]"}
}

func appendNew(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// anyIndex leaves the indexes of a normalised path open; one of a list as a whole stays.
func anyIndex(path string) string {
	return regexp.MustCompile(`\[[0-9]+\]`).ReplaceAllString(path, "[*]")
}
