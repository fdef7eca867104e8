package formats

import "context"

// Mappings is the name of the format in which stubs are written rather than recorded.
const Mappings = "WireMock stub mappings"

// Name is the format of a file, one of [Names]; a file of none is an error that wraps [ErrUnknown]. It is
// empty for an empty file.
func Name(ctx context.Context, location string) (string, error) {
	file, err := Options{}.whole(ctx, location)
	if err != nil {
		return "", err
	}
	defer file.Close()
	f, _, err := Options{}.sniff(location, file)
	if err != nil || f.format == nil {
		return "", err
	}
	return f.format.name, nil
}
