package guard

import (
	"bufio"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// libraries are the paths of the loader and the shared libraries that an executable needs.
type libraries []string

// folders are the folders that they are in.
func (l libraries) folders() []string {
	var all []string
	for _, path := range l {
		all = append(all, filepath.Dir(path))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// needed finds what an executable is linked with, as the loader would (ld.so(8)); nothing for a static
// one.
func needed(path string) (libraries, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	defer closeFile(f)
	loader := interpreter(f)
	if loader == "" {
		return nil, nil
	}
	found := libraries{loader}
	open := []string{path}
	for len(open) > 0 {
		more, err := imported(open[0])
		if err != nil {
			return nil, err
		}
		open = open[1:]
		for _, library := range more {
			if !slices.Contains(found, library) && filepath.Base(library) != filepath.Base(loader) {
				found, open = append(found, library), append(open, library)
			}
		}
	}
	return found, nil
}

// interpreter is the loader that an executable asks for, or is empty.
func interpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, p.Filesz)
		if _, err := p.ReadAt(name, 0); err == nil {
			return strings.TrimRight(string(name), "\x00")
		}
	}
	return ""
}

// imported lists the libraries that one file names.
func imported(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	defer closeFile(f)
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("reading what %s is linked with: %w", path, err)
	}
	folders := append(searched(f, path), configured("/etc/ld.so.conf")...)
	folders = append(folders, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
	var found []string
	for _, name := range names {
		library, err := locate(name, f.Class, folders)
		if err != nil {
			return nil, fmt.Errorf("%s needs %w", path, err)
		}
		found = append(found, library)
	}
	return found, nil
}

// searched are the folders that a file names itself.
func searched(f *elf.File, path string) []string {
	var folders []string
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		lists, err := f.DynString(tag)
		if err != nil {
			continue
		}
		for _, list := range lists {
			list = strings.ReplaceAll(list, "${ORIGIN}", "$ORIGIN")
			list = strings.ReplaceAll(list, "$ORIGIN", filepath.Dir(path))
			folders = append(folders, filepath.SplitList(list)...)
		}
	}
	return folders
}

// configured reads the loader's list of folders.
func configured(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var folders []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			files, _ := filepath.Glob(strings.TrimSpace(pattern)) // a bad pattern names nothing
			for _, file := range files {
				folders = append(folders, configured(file)...)
			}
		} else if strings.HasPrefix(line, "/") {
			folders = append(folders, line)
		}
	}
	return folders
}

// closeFile closes what was only read.
func closeFile(f *elf.File) { _ = f.Close() }

// locate finds a library for the same kind of machine.
func locate(name string, class elf.Class, folders []string) (string, error) {
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		f, err := elf.Open(path)
		if err != nil {
			continue
		}
		closeFile(f)
		if f.Class == class {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s, which is in none of %s", name, strings.Join(folders, ", "))
}
