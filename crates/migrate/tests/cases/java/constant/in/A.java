class A {
  static final String META = "http://169.254.169.254/latest/meta-data/";
  java.net.URI uri(String key) { return java.net.URI.create(META + key); }
}
