// Package transform changes captured traffic once, before anything of it is sent or stubbed.
package transform

import "github.com/headgate-dev/headgate/engine/spec"

// Config is one entry of `traffic.transforms`: one change, and what limits it. Changes are applied in their
// order, to inbound and outbound traffic alike, after sessions were found and requests were selected.
type Config struct {
	// Takes secrets and personal data out of requests and responses. Texts become REDACTED, numbers 0,
	// booleans false. What is redacted in a recorded answer is redacted in the replayed one, too, so that it
	// is compared by presence and type alone.
	Redact *Redact `yaml:"redact"`
	// Puts one value in place of a request header, where a request has it.
	Token *Token `yaml:"token"`
	// Puts a token of its own for each user in place of the recorded one.
	UserTokens *UserTokens `yaml:"user_tokens"`
	// Signs the JSON Web Tokens of a request header anew, with the algorithm they have.
	JWT *JWT `yaml:"jwt"`
	// Sets and removes cookies of requests.
	Cookies *Cookies `yaml:"cookies"`
	// Puts one host name in place of another: in Host, URLs, header values and bodies.
	Host *Host `yaml:"host"`
	// Puts other ids in place of recorded ones: in path segments, query and form values, header and cookie
	// values and JSON values, where the whole value is the id.
	IDs *IDs `yaml:"ids"`
	// Moves times in header, query, form and JSON values: RFC 3339, HTTP dates, seconds and milliseconds
	// since 1970; those within a year of their record.
	Time *Time `yaml:"time"`
	// Sets headers, by name.
	SetHeader map[string]string `yaml:"set_header"`
	// Removes headers, by name.
	RemoveHeader spec.Strings `yaml:"remove_header"`
	// Sets and removes values of JSON bodies.
	JSON *JSON `yaml:"json"`
	// Replaces what a regular expression matches in URLs, header values and bodies.
	Replace *Replace `yaml:"replace"`
	// Which messages set_header, remove_header, json and replace change: request (default), response or both.
	In Side `yaml:"in" jsonschema:"enum=request,enum=response,enum=both"`
	// The records that are changed, by their endpoint or more; all of them where nothing is said.
	Where Where `yaml:"where"`
	// Accepts that the change, or a part of it, applies to nothing. It is refused otherwise.
	AllowUnused bool `yaml:"allow_unused"`

	node *spec.Node
}

// UnmarshalSpec reads the mapping and remembers where it stands.
func (c *Config) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type full Config
	ds := spec.Decode(n, (*full)(c))
	c.node = n
	return ds
}

// Redact names what is taken out.
type Redact struct {
	// Headers whose values are taken out, of requests and responses.
	Headers spec.Strings `yaml:"headers"`
	// JSONPaths of values in bodies, made of names, indexes, * and .., such as $..card_number. Of arrays and
	// objects all values are taken out. What an answer issues for later requests, such as a token, cannot be
	// carried over once it is taken out.
	JSON spec.Strings `yaml:"json"`
	// Query parameters, also those of URLs in the headers Referer, Location and Content-Location.
	Query spec.Strings `yaml:"query"`
	// Fields of URL-encoded form bodies.
	Form spec.Strings `yaml:"form"`
}

// Token is a value for a request header.
type Token struct {
	// Name of the header, such as Authorization.
	Header string `yaml:"header" jsonschema:"required,minLength=1"`
	// Its new value, such as "Bearer ${env.SHADOW_TOKEN}".
	Value string `yaml:"value" jsonschema:"required,minLength=1"`
}

// UserTokens leads from users to their tokens.
type UserTokens struct {
	// Name of the header with the recorded JSON Web Token, such as Authorization.
	Header string `yaml:"header" jsonschema:"required,minLength=1"`
	// Claim of the recorded token that names the user; sub by default.
	Claim string `yaml:"claim"`
	// CSV file of two columns, user and token, relative to the run file. A token without a scheme takes over
	// that of the recorded value. Lines that begin with # are comments.
	Map string `yaml:"map" jsonschema:"required,minLength=1"`
	// Value of the header for users who are not in the map. Without it an inbound request of such a user is
	// an error, so that no recorded token is sent.
	Default string `yaml:"default"`
}

// JWT says how tokens are signed anew.
type JWT struct {
	// Name of the header with the token, such as Authorization.
	Header string `yaml:"header" jsonschema:"required,minLength=1"`
	// File with the private key in PEM, or with the secret for HS algorithms, relative to the run file.
	KeyFile string `yaml:"key_file" jsonschema:"required,minLength=1"`
	// Moves iat, nbf and exp by the time since the capture began; iat and nbf never into the future.
	ShiftTimes bool `yaml:"shift_times"`
	// Claims that are set, by name.
	Claims map[string]any `yaml:"claims"`
}

// Cookies changes the Cookie header of requests.
type Cookies struct {
	// Cookies that are set, by name, whether the request has them or not.
	Set map[string]string `yaml:"set"`
	// Cookies that are removed, by name.
	Remove spec.Strings `yaml:"remove"`
}

// Host puts one host in place of another.
type Host struct {
	// The recorded host, such as api.production.com; a port may follow it where it stands.
	From string `yaml:"from" jsonschema:"required,minLength=1"`
	// The host that takes its place; where it has a port, that takes the place of a recorded one.
	To string `yaml:"to" jsonschema:"required,minLength=1"`
}

// IDs leads from recorded ids to others.
type IDs struct {
	// CSV file of two columns, recorded id and new one, relative to the run file. Lines that begin with # are
	// comments.
	Map string `yaml:"map" jsonschema:"required,minLength=1"`
}

// Time says how far times are moved.
type Time struct {
	// capture_to_now, from the first recorded request to the time of loading, or a duration such as 24h.
	Shift Shift `yaml:"shift" jsonschema:"required"`
}

// JSON changes JSON bodies.
type JSON struct {
	// Values that are set, by JSONPath. An object gets the last name of the path where it lacks it.
	Set map[string]any `yaml:"set"`
	// JSONPaths of the members and elements that are removed.
	Remove spec.Strings `yaml:"remove"`
}

// Replace is a regular expression and what takes the place of its matches.
type Replace struct {
	// Regular expression in the syntax of RE2.
	Regexp string `yaml:"regexp" jsonschema:"required,minLength=1"`
	// What takes the place of a match; $1 is its first group, and $${1} where a letter or digit follows.
	With string `yaml:"with"`
}

// Side is request, response or both.
type Side string

const (
	// Request is the side that is changed by default.
	Request Side = "request"
	// Response is the recorded answer.
	Response Side = "response"
	// Both are request and response.
	Both Side = "both"
)
