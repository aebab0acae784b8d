class A {
  const string Meta = @"http://169.254.169.254/latest/";
  string Id() => new System.Net.WebClient().DownloadString(Meta + "meta-data/instance-id");
}
