package mocks

import (
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// mostItems bounds the lists that helpers make.
const mostItems = 100_000

func listHelpers() map[string]helper {
	return map[string]helper{
		"range": rangeHelper, "size": size, "join": joinHelper, "arrayJoin": joinHelper,
		"array":    func(c *handlebars.Call) (any, error) { return append([]any{}, c.Args...), nil },
		"arrayAdd": arrayAdd, "arrayRemove": arrayRemove,
	}
}

func rangeHelper(c *handlebars.Call) (any, error) {
	lower, ok := whole(c.Arg(0))
	upper, also := whole(c.Arg(1))
	if !ok || !also {
		return complaint("The range helper requires both lower and upper bounds as integer parameters")
	}
	if upper-lower >= mostItems {
		return nil, errTooLong
	}
	list := []any{}
	for n := lower; n <= upper; n++ {
		list = append(list, n)
	}
	return list, nil
}

func size(c *handlebars.Call) (any, error) { return sizeOf(c.Arg(0)), nil }

func sizeOf(v any) any {
	if items, ok := handlebars.Items(v); ok {
		return int64(len(items))
	}
	if keys := handlebars.Keys(v); keys != nil {
		return int64(len(keys))
	}
	if v == nil {
		return nil
	}
	return int64(len([]rune(handlebars.Text(v))))
}

// joinHelper takes the separator first and a list behind it, as WireMock's arrayJoin; or, as Handlebars.java's
// join, the values first and the separator last.
func joinHelper(c *handlebars.Call) (any, error) {
	separator := handlebars.Text(c.Arg(0))
	items, ok := handlebars.Items(c.Arg(1))
	if !ok && c.Name == "join" {
		items, ok = handlebars.Items(c.Arg(0))
		if n := len(c.Args) - 1; !ok && n > 0 {
			items = c.Args[:n]
		}
		separator = handlebars.Text(c.Arg(len(c.Args) - 1))
	} else if !ok && len(c.Args) > 1 {
		items = c.Args[1:]
	}
	if len(items) == 0 {
		return "", nil
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = handlebars.Text(item)
		if c.IsBlock() {
			var err error
			if parts[i], err = c.Body(item); err != nil {
				return nil, err
			}
		}
	}
	text := option(c, "prefix", "") + strings.Join(parts, separator) + option(c, "suffix", "")
	return text, c.Spend(len(text))
}

// position reads start, end or an index up to most.
func position(c *handlebars.Call, end, most int) (int, bool) {
	switch text := option(c, "position", "end"); text {
	case "end":
		return end, true
	case "start":
		return 0, true
	default:
		i, ok := whole(c.Named["position"])
		return int(i), ok && i >= 0 && i <= int64(most)
	}
}

const badPosition = "position must be 'start', 'end' or an integer inside of the list"

func arrayAdd(c *handlebars.Call) (any, error) {
	items, _ := handlebars.Items(c.Arg(0))
	at, ok := position(c, len(items), len(items))
	if !ok || len(c.Args) < 2 {
		return complaint(badPosition)
	}
	return slices.Insert(slices.Clone(items), at, c.Args[1]), c.Spend(16 * len(items))
}

func arrayRemove(c *handlebars.Call) (any, error) {
	items, _ := handlebars.Items(c.Arg(0))
	at, ok := position(c, len(items)-1, len(items)-1)
	if !ok || at < 0 {
		return complaint(badPosition)
	}
	return slices.Delete(slices.Clone(items), at, at+1), c.Spend(16 * len(items))
}
