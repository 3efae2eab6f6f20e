// Note makes keys and signs notes by golang.org/x/mod/sumdb/note, to compare ours with.
//
//	note generate NAME         prints a private key and its public half, a line each
//	note sign < KEY AND TEXT   reads a private key in the first line, and prints the rest as a note signed by it
package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "generate":
		skey, vkey, err := note.GenerateKey(rand.Reader, args[1])
		if err == nil {
			fmt.Printf("%s\n%s\n", skey, vkey)
		}
		return err
	case len(args) == 1 && args[0] == "sign":
		input, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		key, text, _ := bytes.Cut(input, []byte("\n"))
		signer, err := note.NewSigner(string(key))
		if err != nil {
			return err
		}
		msg, err := note.Sign(&note.Note{Text: string(text)}, signer)
		if err == nil {
			_, err = os.Stdout.Write(msg)
		}
		return err
	}
	return errors.New("usage: note generate NAME | note sign")
}
