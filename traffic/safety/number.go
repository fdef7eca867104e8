package safety

import "strings"

// card is the length of the payment card number that begins at b[start], 0 where there is none. Its digits
// stand together, or in the groups that are printed on cards, and are no part of a longer number or word.
func card(b []byte, start int) int {
	var digits [20]byte
	var groups [5]int
	n, g, i, separator := 0, 0, start, byte(0)
	for ; i < len(b) && n < len(digits); i++ {
		c := b[i]
		if isDigit(b, i) {
			digits[n] = c
			n++
			groups[g]++
			continue
		}
		if c != ' ' && c != '-' || separator != 0 && c != separator || g == len(groups)-1 || !isDigit(b, i+1) {
			break
		}
		separator = c
		g++
	}
	if n < 14 || n > 19 || continues(b, i) || separator != 0 && !printed(groups) {
		return 0
	}
	if !isCard(string(digits[:n])) {
		return 0
	}
	return i - start
}

func isCard(number string) bool { return inRange(number) && luhn(number) && !isTestCard(number) }

func isDigit(b []byte, i int) bool { return i < len(b) && b[i] >= '0' && b[i] <= '9' }

// continues tells whether what stands behind digits makes them part of something else.
func continues(b []byte, i int) bool {
	if i >= len(b) {
		return false
	}
	c := b[i]
	return isDigit(b, i) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c == '+' ||
		c == '.' && isDigit(b, i+1)
}

// printed tells whether digits are grouped as on cards.
func printed(groups [5]int) bool {
	switch groups {
	case [5]int{4, 4, 4, 4}, [5]int{4, 6, 5}, [5]int{4, 6, 4}, [5]int{4, 4, 4, 4, 3}:
		return true
	}
	return false
}

// inRange tells whether a number begins and is long like those of an issuer (ISO/IEC 7812: American Express,
// Diners Club, Discover, JCB, Mastercard, UnionPay, Visa).
func inRange(number string) bool {
	between := func(low, high string) bool {
		head := number[:len(low)]
		return head >= low && head <= high
	}
	switch n := len(number); {
	case number[0] == '4':
		return n == 16
	case between("51", "55"), between("2221", "2720"):
		return n == 16
	case between("34", "34"), between("37", "37"):
		return n == 15
	case between("300", "305"), between("36", "36"), between("38", "39"):
		return n == 14
	case between("3528", "3589"), between("6011", "6011"), between("644", "659"):
		return n == 16
	case between("62", "62"):
		return n >= 16
	}
	return false
}

// luhn checks the last digit (ISO/IEC 7812-1).
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isTestCard tells whether a number is one that payment providers publish for tests (Stripe, Adyen, PayPal).
func isTestCard(number string) bool {
	switch number {
	case "4242424242424242", "4000056655665556", "4000000000000002", "4000000000009995", "4000002500003155",
		"4000000000003220", "4111111111111111", "4012888888881881", "4444333322221111", "4917610000000000",
		"5555555555554444", "5200828282828210", "5105105105105100", "5454545454545454", "2223003122003222",
		"2222400070000005", "378282246310005", "371449635398431", "370000000000002", "6011111111111117",
		"6011000990139424", "30569309025904", "38520000023237", "36227206271667", "3566002020360505",
		"3530111333300000", "6200000000000005":
		return true
	}
	return false
}

// iban is the length of the bank account number that begins at b[start], 0 where there is none (ISO 13616).
// It may be written in groups of four.
func iban(b []byte, start int) int {
	if start+4 > len(b) {
		return 0
	}
	want := ibanLength(string(b[start : start+2]))
	if want == 0 {
		return 0
	}
	var number [34]byte
	n, i := 0, start
	for ; i < len(b) && n < want; i++ {
		c := b[i]
		if c == ' ' && n%4 == 0 && n > 0 && b[i-1] != ' ' {
			continue
		}
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return 0
		}
		number[n] = c
		n++
	}
	if n < want || continues(b, i) || !mod97(number[:n]) {
		return 0
	}
	return i - start
}

// mod97 checks the digits behind the country (ISO 7064).
func mod97(number []byte) bool {
	rest := 0
	for i := range number {
		c := number[(i+4)%len(number)]
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// ibanLength is the length of the account numbers of a country, 0 where it has none.
func ibanLength(country string) int {
	const lengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27" +
		"GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22" +
		"MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SD18SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29" +
		"VA22VG24XK20"
	for i := 0; i < len(lengths); i += 4 {
		if strings.HasPrefix(lengths[i:], country) {
			return int(lengths[i+2]-'0')*10 + int(lengths[i+3]-'0')
		}
	}
	return 0
}
