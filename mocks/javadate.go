package mocks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateFormat is a pattern of java.time.format.DateTimeFormatter, or unix (seconds) or epoch
// (milliseconds). Letters that are not known are refused by name.
type dateFormat struct {
	special string
	fields  []dateField
}

// dateField is a run of one pattern letter, or literal text (letter 0).
type dateField struct {
	letter byte
	width  int
	text   string
}

const dateLetters = "yuMLdDHhkKmsSnaEZzXxVOQ"

func parseDateFormat(pattern string) (*dateFormat, error) {
	switch s := strings.ToLower(pattern); s {
	case "unix", "epoch":
		return &dateFormat{special: s}, nil
	}
	f := &dateFormat{}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, n, err := quotedDateText(pattern[i:])
			if err != nil {
				return nil, err
			}
			f.fields = append(f.fields, dateField{text: text})
			i += n
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			if strings.IndexByte(dateLetters, c) < 0 {
				return nil, fmt.Errorf("the letter %c of the date format %q is not supported", c, pattern)
			}
			f.fields = append(f.fields, dateField{letter: c, width: n})
			i += n
		case strings.IndexByte("[]{}#", c) >= 0:
			return nil, fmt.Errorf("%c in the date format %q is not supported", c, pattern)
		default:
			f.fields = append(f.fields, dateField{text: string(c)})
			i++
		}
	}
	return f, nil
}

// quotedDateText reads 'text', where two quotes stand for one.
func quotedDateText(s string) (text string, n int, err error) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, nil
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			text += string(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			text += "'"
			i++
			continue
		}
		return text, i + 1, nil
	}
	return "", 0, fmt.Errorf("a quote in the date format is not closed: %s", s)
}

func (f *dateFormat) format(t time.Time) string {
	switch f.special {
	case "unix":
		return strconv.FormatInt(t.Unix(), 10)
	case "epoch":
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	var b strings.Builder
	for _, field := range f.fields {
		b.WriteString(field.format(t))
	}
	return b.String()
}

func (f dateField) format(t time.Time) string {
	switch f.letter {
	case 0:
		return f.text
	case 'M', 'L', 'E', 'a':
		return f.names(t)
	case 'Z', 'z', 'X', 'x', 'V', 'O':
		return f.zone(t)
	case 'S':
		return fmt.Sprintf("%09d", t.Nanosecond())[:min(f.width, 9)]
	case 'y', 'u':
		if f.width == 2 {
			return fmt.Sprintf("%02d", t.Year()%100)
		}
	}
	return fmt.Sprintf("%0*d", f.width, f.number(t))
}

func (f dateField) number(t time.Time) int {
	switch f.letter {
	case 'y', 'u':
		return t.Year()
	case 'Q':
		return (int(t.Month()) + 2) / 3
	case 'd':
		return t.Day()
	case 'D':
		return t.YearDay()
	case 'H':
		return t.Hour()
	case 'k':
		return (t.Hour()+23)%24 + 1
	case 'K':
		return t.Hour() % 12
	case 'h':
		return (t.Hour()+11)%12 + 1
	case 'm':
		return t.Minute()
	case 's':
		return t.Second()
	case 'n':
		return t.Nanosecond()
	}
	return 0
}

func (f dateField) names(t time.Time) string {
	switch {
	case f.letter == 'a':
		return t.Format("PM")
	case f.letter == 'E' && f.width >= 4:
		return t.Weekday().String()
	case f.letter == 'E':
		return t.Format("Mon")
	case f.width >= 4:
		return t.Month().String()
	case f.width == 3:
		return t.Format("Jan")
	}
	return fmt.Sprintf("%0*d", f.width, int(t.Month()))
}

func (f dateField) zone(t time.Time) string {
	switch f.letter {
	case 'V':
		if t.Location() == time.UTC {
			return "Z"
		}
		return t.Location().String()
	case 'z':
		return t.Format("MST")
	}
	return t.Format(f.zoneLayouts()[0])
}

// zoneLayouts are the layouts of package time that the field is written and read in.
func (f dateField) zoneLayouts() []string {
	switch {
	case f.letter == 'X' && f.width >= 3:
		return []string{"Z07:00"}
	case f.letter == 'X' && f.width == 2:
		return []string{"Z0700"}
	case f.letter == 'X':
		return []string{"Z07"}
	case f.letter == 'x' && f.width >= 3, f.letter == 'Z' && f.width >= 5:
		return []string{"-07:00"}
	case f.letter == 'x' && f.width == 1:
		return []string{"-07"}
	case f.letter == 'z' || f.letter == 'V' || f.letter == 'O':
		return []string{"MST", "Z07:00"}
	}
	return []string{"-0700"}
}

// reading is what has been read of a date.
type reading struct {
	year, month, day, yearDay    int
	hour, minute, second, nanos  int
	afternoon, twelve, zoned, ok bool
	zone                         *time.Location
}

var errDate = errors.New("it is not a date of this format")

// parse reads a date; zoned tells whether it names its zone.
func (f *dateFormat) parse(s string) (t time.Time, zoned bool, err error) {
	if f.special != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return t, false, errDate
		}
		if f.special == "unix" {
			return time.Unix(n, 0).UTC(), true, nil
		}
		return time.UnixMilli(n).UTC(), true, nil
	}
	r := reading{year: 1970, month: 1, day: 1, zone: time.UTC, ok: true}
	for i, field := range f.fields {
		adjacent := i+1 < len(f.fields) && f.fields[i+1].letter != 0
		if s = r.take(field, s, adjacent); !r.ok {
			return t, false, errDate
		}
	}
	if s != "" {
		return t, false, errDate
	}
	return r.time()
}

func (r *reading) time() (t time.Time, zoned bool, err error) {
	if r.twelve {
		r.hour %= 12
		if r.afternoon {
			r.hour += 12
		}
	}
	if r.yearDay > 0 {
		r.month, r.day = 1, r.yearDay
	}
	t = time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, r.nanos, r.zone)
	if r.yearDay == 0 && (t.Day() != r.day || int(t.Month()) != r.month) || r.minute > 59 || r.second > 59 {
		return t, false, errDate
	}
	return t, r.zoned, nil
}

// take reads one field off the text and gives the rest.
func (r *reading) take(f dateField, s string, adjacent bool) string {
	switch f.letter {
	case 0:
		rest, ok := strings.CutPrefix(s, f.text)
		r.ok = ok
		return rest
	case 'E':
		return r.name(s, f.width, func(i int) string { return time.Weekday(i).String() }, 7, new(int))
	case 'a':
		r.ok, r.twelve = len(s) >= 2 && (s[:2] == "AM" || s[:2] == "PM"), true
		r.afternoon = strings.HasPrefix(s, "PM")
		return s[min(len(s), 2):]
	case 'Z', 'z', 'X', 'x', 'V', 'O':
		return r.takeZone(f, s)
	case 'M', 'L':
		if f.width >= 3 {
			at := 0
			rest := r.name(s, f.width, func(i int) string { return time.Month(i + 1).String() }, 12, &at)
			r.month = at + 1
			return rest
		}
	}
	return r.digits(f, s, adjacent)
}

func (r *reading) name(s string, width int, name func(int) string, n int, at *int) string {
	for i := range n {
		full := name(i)
		if width < 4 {
			full = full[:3]
		}
		if rest, ok := strings.CutPrefix(s, full); ok {
			*at = i
			return rest
		}
	}
	r.ok = false
	return s
}

func (r *reading) takeZone(f dateField, s string) string {
	end := strings.IndexAny(s, " ,)")
	if end < 0 {
		end = len(s)
	}
	for _, layout := range f.zoneLayouts() {
		if t, err := time.Parse(layout, s[:end]); err == nil {
			r.zone, r.zoned = t.Location(), true
			return s[end:]
		}
	}
	zone, err := time.LoadLocation(s[:end])
	if err != nil || end == 0 || f.letter != 'V' && f.letter != 'z' {
		r.ok = false
		return s
	}
	r.zone, r.zoned = zone, true
	return s[end:]
}

// digits reads a number: as many digits as the field is wide where another field follows at once or the
// width is given, else all.
func (r *reading) digits(f dateField, s string, adjacent bool) string {
	n := 0
	most := 19
	if adjacent || f.width == 2 || f.letter == 'S' {
		most = f.width
	}
	for n < len(s) && n < most && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	value, err := strconv.Atoi(s[:n])
	if err != nil || n < f.width {
		r.ok = false
		return s
	}
	r.set(f, value, n)
	return s[n:]
}

func (r *reading) set(f dateField, v, digits int) {
	switch f.letter {
	case 'y', 'u':
		if r.year = v; f.width == 2 {
			r.year = 2000 + v
		}
	case 'M', 'L':
		r.month = v
	case 'd':
		r.day = v
	case 'D':
		r.yearDay = v
	case 'H', 'k':
		r.hour = v % 24
		r.ok = v <= 24
	case 'h', 'K':
		r.hour, r.twelve = v, true
	case 'm':
		r.minute = v
	case 's':
		r.second = v
	case 'n':
		r.nanos = v
	case 'S':
		for ; digits < 9; digits++ {
			v *= 10
		}
		r.nanos = v
	}
}
