package correlate

import (
	"slices"
	"strings"
)

// isIDName tells whether a member, field or header of that name holds an identifier or a token: id,
// order_id, orderId, OrderID, sessionid, uuid, next_cursor, X-Csrf-Token and the like.
func isIDName(name string) bool {
	word := lastWord(name)
	switch word {
	case "id", "ids", "uuid", "guid":
		return true
	}
	return joinedID(word) || isToken(word)
}

// joinedID tells names such as orderid from words that end alike.
func joinedID(word string) bool {
	return len(word) > 4 && strings.HasSuffix(word, "id") && !slices.Contains([]string{
		"unpaid", "prepaid", "valid", "invalid", "avoid", "solid", "liquid", "fluid", "rapid", "android", "hybrid",
		"covid", "plaid", "candid", "humid", "pyramid",
	}, word)
}

// isTokenName tells whether the values of that name are renewed in the course of a session.
func isTokenName(name string) bool { return isToken(lastWord(name)) }

func isToken(word string) bool {
	switch word {
	case "cursor", "csrf", "xsrf", "etag", "nonce", "session", "sid", "secret", "jwt", "next", "after":
		return true
	}
	return strings.HasSuffix(word, "token")
}

// idName is the standing of a value of that name.
func idName(name string) standing {
	if isIDName(name) {
		return asID
	}
	return 0
}

// lastWord is the last word of a name in snake_case, kebab-case or camelCase, in lower case.
func lastWord(name string) string {
	if i := strings.LastIndexAny(name, "_-. "); i >= 0 {
		name = name[i+1:]
	}
	end := len(name)
	if end == 0 {
		return ""
	}
	upper := func(i int) bool { return name[i] >= 'A' && name[i] <= 'Z' }
	i := end - 1
	for i > 0 && upper(i) { // a trailing run of capitals, as in orderID
		i--
	}
	if i == end-1 {
		for i > 0 && !upper(i) {
			i--
		}
		return strings.ToLower(name[i:])
	}
	if upper(i) {
		return strings.ToLower(name[i:])
	}
	return strings.ToLower(name[i+1:])
}
