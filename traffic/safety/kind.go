// Package safety finds secrets and personal data in captured traffic, and says where they are and what would
// conceal them.
package safety

import "slices"

// Kind says what a value is taken for.
type Kind string

// The kinds, the most dangerous first.
const (
	// PrivateKey is a private key in PEM.
	PrivateKey Kind = "private_key"
	// Key has the form of a key of a known issuer: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, SendGrid.
	Key Kind = "key"
	// Basic is a user and password of basic authentication, also within a URL.
	Basic Kind = "basic"
	// Secret is a value whose name says that it is secret, such as password or api_key.
	Secret Kind = "secret"
	// Bearer is an opaque bearer token.
	Bearer Kind = "bearer"
	// JWT is a JSON Web Token.
	JWT Kind = "jwt"
	// Session is a cookie that is named like that of a session and looks made up by a machine.
	Session Kind = "session"
	// Card is a payment card number: a known range and length of issuers, and the check digit of Luhn.
	Card Kind = "card"
	// IBAN is a bank account number of a known country and length with the right check digits (mod 97).
	IBAN Kind = "iban"
	// Email is an e-mail address, except in domains that are reserved for examples and tests.
	Email Kind = "email"
)

// Kinds lists all kinds, the most dangerous first.
func Kinds() []Kind {
	return []Kind{PrivateKey, Key, Basic, Secret, Bearer, JWT, Session, Card, IBAN, Email}
}

// rank orders kinds, the most dangerous first.
func (k Kind) rank() int { return slices.Index(Kinds(), k) }

// Finding is one value that should not leave production.
type Finding struct {
	Kind Kind
	// Where is the place within the message: header:NAME, cookie:NAME, query:NAME, form:NAME, json:PATH with
	// [*] for the elements of lists, column:NAME and param:$1 of a database, or path, body, sql and error for a
	// place within their text.
	Where string
	// Answer tells that it is in the response.
	Answer bool
	// Value is the secret itself. It is never to be shown; see [Mask].
	Value string
}
