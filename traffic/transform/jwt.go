package transform

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// jwtStep signs tokens anew.
type jwtStep struct {
	header string
	key    signingKey
	file   string
	claims map[string]json.RawMessage
	shifts bool
	clock  *clock
	known  remembered
}

func (s *jwtStep) apply(x *exchange, counts []int) error {
	m := x.list[0]
	var err error
	change := func(_, value string) (string, int) {
		scheme, token := splitScheme(value)
		if strings.Count(token, ".") != 2 || err != nil {
			return value, 0
		}
		signed, known := s.known.get(token)
		if !known {
			if signed, err = s.sign(token); err != nil {
				return value, 0
			}
			s.known.put(token, signed)
		}
		if signed == "" {
			return value, 0
		}
		return scheme + signed, 1
	}
	if i := m.index(s.header); i >= 0 {
		counts[0] += m.mapField(i, change)
	}
	return err
}

// sign is the token with its claims changed and a new signature, empty for what is no token.
func (s *jwtStep) sign(text string) (string, error) {
	var claims jwt.MapClaims
	token, _, err := jwt.NewParser(jwt.WithJSONNumber()).ParseUnverified(text, &claims)
	if errors.Is(err, jwt.ErrTokenUnverifiable) {
		return "", fmt.Errorf("jwt: a token of the %s header has an algorithm that is not known", s.header)
	}
	if err != nil {
		return "", nil //nolint:nilerr // other things than tokens have two full stops, too
	}
	alg := token.Method.Alg()
	if alg == "none" {
		return "", fmt.Errorf("jwt: a token of the %s header has the algorithm none and no signature; "+
			"leave its records out with where, or put another token in its place with token", s.header)
	}
	for name, value := range s.claims {
		claims[name] = value
	}
	if s.shifts {
		if err := s.shift(claims); err != nil {
			return "", err
		}
	}
	key, ok := s.key.forAlg(alg)
	if !ok {
		return "", fmt.Errorf("jwt: a token is signed with %s, but %s holds %s; give a key for %s",
			alg, s.file, s.key.kind, alg)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("jwt: signing with %s and the key in %s: %w", alg, s.file, err)
	}
	return signed, nil
}

// shift moves the times of a token. One that was issued late in the capture may be sent early, as a replay
// can be faster: it must be valid from now on.
func (s *jwtStep) shift(claims jwt.MapClaims) error {
	for _, name := range []string{"iat", "nbf", "exp"} {
		if _, set := s.claims[name]; set || claims[name] == nil {
			continue
		}
		number, ok := claims[name].(json.Number)
		at, err := number.Float64()
		if !ok || err != nil {
			return fmt.Errorf("jwt: the claim %s of a token is no number of seconds", name)
		}
		seconds := math.Floor(at) + s.clock.shift.Seconds()
		if name != "exp" {
			seconds = min(seconds, float64(s.clock.now.Unix()))
		}
		claims[name] = json.Number(strconv.FormatFloat(seconds, 'f', 0, 64))
	}
	return nil
}

// signingKey is what a key file holds.
type signingKey struct {
	kind   string
	prefix []string // of the algorithms it is for
	key    crypto.PrivateKey
}

func (k signingKey) forAlg(alg string) (crypto.PrivateKey, bool) {
	for _, p := range k.prefix {
		if strings.HasPrefix(alg, p) {
			return k.key, true
		}
	}
	return nil, false
}

// parseKey reads a private key in PEM, else a secret without the line break at its end.
func parseKey(src []byte) (signingKey, error) {
	secret := bytes.TrimRight(src, "\r\n")
	if len(secret) == 0 {
		return signingKey{}, errors.New("is empty; expected a private key in PEM or a secret")
	}
	if !bytes.Contains(src, []byte("-----BEGIN ")) {
		return signingKey{"a secret", []string{"HS"}, secret}, nil
	}
	if key, err := jwt.ParseRSAPrivateKeyFromPEM(src); err == nil {
		return signingKey{"an RSA key", []string{"RS", "PS"}, key}, nil
	}
	if key, err := jwt.ParseECPrivateKeyFromPEM(src); err == nil {
		return signingKey{"an EC key for " + key.Curve.Params().Name, []string{"ES"}, key}, nil
	}
	if key, err := jwt.ParseEdPrivateKeyFromPEM(src); err == nil {
		return signingKey{"an Ed25519 key", []string{"EdDSA"}, key}, nil
	}
	if bytes.Contains(src, []byte("PUBLIC KEY")) {
		return signingKey{}, errors.New("holds a public key; expected the private one")
	}
	return signingKey{}, errors.New("holds no private key that can be read; " +
		"expected RSA, EC or Ed25519 in PEM without a password")
}
