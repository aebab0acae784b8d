using System.Net.Http;
class A {
  static async System.Threading.Tasks.Task<string> Id() => await new HttpClient().GetStringAsync("http://169.254.169.254/latest/meta-data/instance-id");
}
