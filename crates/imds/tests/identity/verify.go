// Verifies a signed instance identity document with libraries that others verify EC2's with:
// github.com/fullsailor/pkcs7 and Go's own crypto.
//
//	verify pkcs7|rsa2048|signature CERTIFICATE DOCUMENT SIGNED
//
// CERTIFICATE is PEM, DOCUMENT and SIGNED are files as they were served. Ends with 0 where SIGNED is
// of DOCUMENT, by the key of CERTIFICATE.
package main

import (
	"bytes"
	"crypto"
	"crypto/dsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log"
	"math/big"
	"os"

	"github.com/fullsailor/pkcs7"
)

func main() {
	log.SetFlags(0)
	if err := verify(os.Args[1], read(os.Args[2]), read(os.Args[3]), read(os.Args[4])); err != nil {
		log.Fatal(err)
	}
}

func verify(proof string, certificatePEM, document, served []byte) error {
	block, _ := pem.Decode(certificatePEM)
	if block == nil {
		return errors.New("the certificate is not PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	signed, err := base64.StdEncoding.DecodeString(string(served))
	if err != nil {
		return err
	}
	if proof == "signature" {
		digest := sha256.Sum256(document)
		key := certificate.PublicKey.(*rsa.PublicKey)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signed)
	}
	container, err := pkcs7.Parse(signed)
	if err != nil {
		return err
	}
	if !bytes.Equal(container.Content, document) {
		return errors.New("the document in the container is another")
	}
	container.Certificates = []*x509.Certificate{certificate}
	err = container.Verify()
	// The library checks the digest and finds the certificate, then leaves DSA to crypto/x509,
	// which has given it up.
	if key, isDSA := certificate.PublicKey.(*dsa.PublicKey); isDSA && err == x509.ErrUnsupportedAlgorithm {
		return verifyDSA(key, container)
	}
	return err
}

func verifyDSA(key *dsa.PublicKey, container *pkcs7.PKCS7) error {
	signer := container.Signers[0]
	attributes, err := asn1.MarshalWithParams(signer.AuthenticatedAttributes, "set")
	if err != nil {
		return err
	}
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signer.EncryptedDigest, &signature); err != nil {
		return err
	}
	digest := sha1.Sum(attributes)
	if !dsa.Verify(key, digest[:], signature.R, signature.S) {
		return errors.New("the DSA signature is wrong")
	}
	return nil
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return content
}
