// Writes a small log as Go's library sees one: a signed note, tiles, and proofs, as JSON on stdout. For test_log_interop.py.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	size, err := strconv.ParseInt(os.Args[1], 10, 64)
	must(err)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			found[at] = stored[index]
		}
		return found, nil
	})
	for number := int64(0); number < size; number++ {
		hashes, err := tlog.StoredHashes(number, []byte(fmt.Sprintf("entry %d", number)), reader)
		must(err)
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(size, reader)
	must(err)
	tiles := map[string]string{}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		content, err := tlog.ReadTileData(tile, reader)
		must(err)
		tiles[fmt.Sprintf("%d %d %d", tile.L, tile.N, tile.W)] = base64.StdEncoding.EncodeToString(content)
	}
	var inclusions, consistencies [][]string
	for number := int64(0); number < size; number++ {
		record, err := tlog.ProveRecord(size, number, reader)
		must(err)
		inclusions = append(inclusions, written(record))
	}
	for old := int64(1); old < size; old++ {
		tree, err := tlog.ProveTree(size, old, reader)
		must(err)
		consistencies = append(consistencies, written(tree))
	}
	secret, public, err := note.GenerateKey(rand.Reader, "go.example/log")
	must(err)
	signer, err := note.NewSigner(secret)
	must(err)
	text := fmt.Sprintf("go.example/log\n%d\n%s\n", size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"secret": secret, "public": public, "note": string(signed), "tiles": tiles,
		"inclusions": inclusions, "consistencies": consistencies,
	}))
}

func written(hashes []tlog.Hash) []string {
	found := []string{}
	for _, hash := range hashes {
		found = append(found, hash.String())
	}
	return found
}
