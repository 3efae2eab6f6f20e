// Verify checks a log in a folder by golang.org/x/mod/sumdb alone: nothing here knows how the log was written.
//
//	verify DIR VKEY [PROOFS]
//
// It checks the checkpoint's signature and origin, the hash of every entry, every tile and bundle that lies in the
// folder and belongs to a tree of up to the checkpoint's size, and proofs of inclusion and consistency that it makes
// from the tiles. PROOFS is a file of proofs that others made, a line each, with hashes in base64:
//
//	record SIZE ROOT INDEX LEAF [HASH…]
//	tree SIZE ROOT OLDSIZE OLDROOT [HASH…]
//
// It prints `ok: …` and exits 0, or says what is wrong and exits 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A tile has 2^8 hashes.
const height = 8
const width = 1 << height

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: verify DIR VKEY [PROOFS]")
		os.Exit(2)
	}
	said, err := verify(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ok:", said)
}

func verify(dir, vkey string, proofs []string) (string, error) {
	tree, err := openCheckpoint(dir, vkey)
	if err != nil {
		return "", err
	}
	stored, err := hashEntries(dir, tree.N)
	if err != nil {
		return "", err
	}
	root, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return "", err
	}
	if root != tree.Hash {
		return "", fmt.Errorf("the root of the entries is %v, the checkpoint says %v", root, tree.Hash)
	}
	if err := requireTiles(dir, tree.N); err != nil {
		return "", err
	}
	files, err := checkFiles(dir, tree.N, stored)
	if err != nil {
		return "", err
	}
	records, trees, err := checkTiles(dir, tree, stored)
	if err != nil {
		return "", err
	}
	given := 0
	for _, path := range proofs {
		if given, err = checkProofs(path); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d entries, root %v, %d files, %d inclusion and %d consistency proofs, %d given proofs",
		tree.N, tree.Hash, files, records, trees, given), nil
}

func openCheckpoint(dir, vkey string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, errors.New("checkpoint: is not three lines")
	}
	if lines[0] != verifier.Name() {
		return tree, errors.New("checkpoint: is of another origin")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, errors.New("checkpoint: has no size")
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// hashes are the stored hashes of a tree, as tlog numbers them.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		list[i] = h[index]
	}
	return list, nil
}

func hashEntries(dir string, size int64) (hashes, error) {
	stored := make(hashes, 0, tlog.StoredHashCount(size))
	for n := int64(0); n < size; n += width {
		w := int(min(size-n, width))
		path := tilePath("entries", n/width, w)
		entries, err := readBundle(dir, path, w)
		if errors.Is(err, fs.ErrNotExist) && w < width {
			path = tilePath("entries", n/width, width)
			entries, err = readBundle(dir, path, width)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for i, entry := range entries[:w] {
			more, err := tlog.StoredHashesForRecordHash(n+int64(i), tlog.RecordHash(entry), stored)
			if err != nil {
				return nil, err
			}
			stored = append(stored, more...)
		}
	}
	return stored, nil
}

func readBundle(dir, path string, w int) ([][]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return nil, err
	}
	entries := make([][]byte, w)
	for i := range entries {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("ends within entry %d", i)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries[i], data = data[2:end], data[end:]
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("has %d bytes more", len(data))
	}
	return entries, nil
}

// tilePath is the path that C2SP tlog-tiles gives a tile: tlog's own without the height.
func tilePath(level string, n int64, w int) string {
	path := tlog.Tile{H: height, L: 0, N: n, W: w}.Path()
	return "tile/" + level + strings.TrimPrefix(path, fmt.Sprintf("tile/%d/0", height))
}

// requireTiles asks that the folder has each tile of the tree, or the full one for a partial one.
func requireTiles(dir string, size int64) error {
	for _, tile := range tlog.NewTiles(height, 0, size) {
		level := strconv.Itoa(tile.L)
		_, err := os.Stat(filepath.Join(dir, tilePath(level, tile.N, tile.W)))
		if errors.Is(err, fs.ErrNotExist) {
			_, err = os.Stat(filepath.Join(dir, tilePath(level, tile.N, width)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkFiles compares each tile and bundle that is there with what the entries say it must be.
func checkFiles(dir string, size int64, stored hashes) (int, error) {
	checked := 0
	err := filepath.WalkDir(filepath.Join(dir, "tile"), func(file string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && size == 0 {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		path, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		bundle := strings.HasPrefix(path, "tile/entries/")
		spelled := strings.Replace(path, "tile/entries/", "tile/0/", 1)
		tile, err := tlog.ParseTilePath(strings.Replace(spelled, "tile/", fmt.Sprintf("tile/%d/", height), 1))
		if err != nil {
			return fmt.Errorf("%s: is no path of a log", path)
		}
		// Written before the checkpoint that will speak of it.
		if tile.N<<height+int64(tile.W) > size>>(height*tile.L) {
			return nil
		}
		want, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		var got []byte
		if bundle {
			entries, err := readBundle(dir, path, tile.W)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			for _, entry := range entries {
				hash := tlog.RecordHash(entry)
				got = append(got, hash[:]...)
			}
		} else if got, err = os.ReadFile(file); err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s: is not what the entries say", path)
		}
		checked++
		return nil
	})
	return checked, err
}

// A folder gives tiles to tlog, which checks them against the root before it believes them.
type folder string

func (folder) Height() int { return height }

func (dir folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	list := make([][]byte, len(tiles))
	for i, tile := range tiles {
		level := strconv.Itoa(tile.L)
		data, err := os.ReadFile(filepath.Join(string(dir), tilePath(level, tile.N, tile.W)))
		if errors.Is(err, fs.ErrNotExist) {
			data, err = os.ReadFile(filepath.Join(string(dir), tilePath(level, tile.N, width)))
			data = data[:min(len(data), tile.W*tlog.HashSize)]
		}
		if err != nil {
			return nil, err
		}
		list[i] = data
	}
	return list, nil
}

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

// checkTiles makes proofs from the tiles alone, of all places in a small log and of some in a large one.
func checkTiles(dir string, tree tlog.Tree, stored hashes) (records, trees int, err error) {
	reader := tlog.TileHashReader(tree, folder(dir))
	for n := int64(0); n < tree.N; n += step(tree.N, 200, n) {
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return 0, 0, fmt.Errorf("entry %d: %w", n, err)
		}
		leaf, err := stored.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			return 0, 0, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf[0]); err != nil {
			return 0, 0, fmt.Errorf("entry %d: %w", n, err)
		}
		records++
	}
	for n := int64(1); n <= tree.N; n += step(tree.N, 100, n) {
		proof, err := tlog.ProveTree(tree.N, n, reader)
		if err != nil {
			return 0, 0, fmt.Errorf("size %d: %w", n, err)
		}
		old, err := tlog.TreeHash(n, stored)
		if err != nil {
			return 0, 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, n, old); err != nil {
			return 0, 0, fmt.Errorf("size %d: %w", n, err)
		}
		trees++
	}
	return records, trees, nil
}

// step leads through all of a small log, and to the last place of a large one in about `count` steps.
func step(size, count, at int64) int64 {
	return max(1, min(size/count, size-1-at))
}

func checkProofs(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, line := range lines {
		if err := checkProof(strings.Fields(line)); err != nil {
			return 0, fmt.Errorf("line %d of the proofs: %w", i+1, err)
		}
	}
	return len(lines), nil
}

func checkProof(words []string) error {
	if len(words) < 5 {
		return errors.New("is too short")
	}
	size, err1 := strconv.ParseInt(words[1], 10, 64)
	other, err2 := strconv.ParseInt(words[3], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	var list []tlog.Hash
	for _, word := range append([]string{words[2], words[4]}, words[5:]...) {
		raw, err := base64.StdEncoding.Strict().DecodeString(word)
		if err != nil || len(raw) != tlog.HashSize {
			return errors.New("has a hash that is none")
		}
		list = append(list, tlog.Hash(raw))
	}
	switch words[0] {
	case "record":
		return tlog.CheckRecord(list[2:], size, list[0], other, list[1])
	case "tree":
		return tlog.CheckTree(list[2:], size, list[0], other, list[1])
	}
	return errors.New("is of no known kind")
}
