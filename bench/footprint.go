package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// footprint measures the memory that reading a capture needs, and reading one ten times as long.
func footprint(ctx context.Context, large int, list []form) error {
	small := large / 10
	t := newTable("memory to read a capture", fmt.Sprintf("%d MB", small), fmt.Sprintf("%d MB", large), "ratio", "target")
	for _, f := range list {
		var peaks [2]float64
		for i, size := range []int{small, large} {
			out, err := f.child(ctx, f.name+"/memory", size*1_000_000)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			if _, err := fmt.Sscan(out, &peaks[i]); err != nil {
				return fmt.Errorf("%s has printed %q: %w", f.name, out, err)
			}
		}
		t.row(f.name, "%.0f MB\t%.0f MB\t%.2f\tthe same, < 200 MB", peaks[0], peaks[1], peaks[1]/peaks[0])
	}
	return t.Flush()
}

// memory prints the most megabytes that this process has had while it read.
func (f *form) memory() error {
	debug.SetGCPercent(100) // the default, as a library would have it
	n, err := f.all(os.Stdin)
	if err == nil && n == 0 {
		err = errors.New("no records")
	}
	if err != nil {
		return err
	}
	fmt.Println(peakMemory(os.Getpid()))
	return nil
}
