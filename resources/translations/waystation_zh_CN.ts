<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AboutSection</name>
    <message>
        <source>About</source>
        <extracomment>As in the file LICENSE.</extracomment>
        <translation>关于</translation>
    </message>
    <message>
        <source>Waystation {version}</source>
        <translation>驿站 {version}</translation>
    </message>
    <message>
        <source>{copyright}. Free software under the MIT license, without any warranty.</source>
        <translation>{copyright}。自由软件，采用 MIT 许可证，不提供任何担保。</translation>
    </message>
    <message>
        <source>Use your own accounts, under your provider&apos;s terms, at your own risk. Waystation is not made or endorsed by OpenAI.</source>
        <translation>请使用你自己的账号，遵守服务商的条款，风险自负。驿站并非由 OpenAI 制作或认可。</translation>
    </message>
    <message>
        <source>Copy a report</source>
        <translation>复制诊断报告</translation>
    </message>
    <message>
        <source>Open log folder</source>
        <translation>打开日志文件夹</translation>
    </message>
    <message>
        <source>Software it uses…</source>
        <translation>所用软件…</translation>
    </message>
    <message>
        <source>Help:</source>
        <translation>帮助：</translation>
    </message>
    <message>
        <source>The report holds versions and states, and no secrets, names or addresses of yours.</source>
        <translation>报告只含版本和状态，不含你的机密、名称或地址。</translation>
    </message>
</context>
<context>
    <name>ActivityCard</name>
    <message>
        <source>Last 24 hours</source>
        <extracomment>The figures are asked for at most so often, in milliseconds.</extracomment>
        <translation>最近 24 小时</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Token 用量</translation>
    </message>
    <message>
        <source>Cached share</source>
        <translation>缓存命中率</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Counting the requests…</source>
        <translation>正在统计请求…</translation>
    </message>
    <message>
        <source>Count again</source>
        <translation>重新统计</translation>
    </message>
    <message>
        <source>No requests in the last 24 hours.</source>
        <translation>最近 24 小时没有请求。</translation>
    </message>
</context>
<context>
    <name>AddMenu</name>
    <message>
        <source>Sign in with the &amp;browser</source>
        <translation>用浏览器登录(&amp;B)</translation>
    </message>
    <message>
        <source>Sign in with a &amp;device code</source>
        <translation>用设备码登录(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Import auth.json…</source>
        <translation>导入 auth.json(&amp;I)…</translation>
    </message>
    <message>
        <source>Add from &amp;clipboard</source>
        <translation>从剪贴板添加(&amp;C)</translation>
    </message>
    <message>
        <source>Type or paste a &amp;key…</source>
        <translation>输入或粘贴密钥(&amp;K)…</translation>
    </message>
    <message>
        <source>Or drop files onto this window</source>
        <translation>也可以把文件拖进本窗口</translation>
    </message>
    <message>
        <source>&amp;Removed tokens…</source>
        <translation>已移除的 Token(&amp;R)…</translation>
    </message>
</context>
<context>
    <name>AddToken</name>
    <message>
        <source>The clipboard holds no token. Copy a ChatGPT access token or refresh token, an API key (sk-…), or the whole text of Codex&apos;s auth.json, then try again.</source>
        <translation>剪贴板里没有可用的 Token。请先复制 ChatGPT 的 access token 或 refresh token、API 密钥（sk-…），或 Codex 的 auth.json 全文，然后重试。</translation>
    </message>
    <message>
        <source>{name} cannot be read: {reason}</source>
        <translation>无法读取 {name}：{reason}</translation>
    </message>
    <message>
        <source>{name} is too large to be Codex&apos;s auth.json.</source>
        <translation>{name} 太大，不像是 Codex 的 auth.json。</translation>
    </message>
    <message>
        <source>The token “{label}” was here already; its credentials are renewed.</source>
        <translation>Token“{label}”原本就在，凭据已更新。</translation>
    </message>
    <message>
        <source>The token “{label}” is added.</source>
        <translation>已添加 Token“{label}”。</translation>
    </message>
</context>
<context>
    <name>Adding</name>
    <message>
        <source>Choose Codex&apos;s auth.json</source>
        <translation>选择 Codex 的 auth.json</translation>
    </message>
    <message>
        <source>Codex login (auth.json)</source>
        <translation>Codex 登录文件（auth.json）</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>所有文件</translation>
    </message>
    <message>
        <source>Login shared with Codex</source>
        <translation>与 Codex 共用的登录</translation>
    </message>
    <message>
        <source>The Codex CLI on this computer uses this very login.</source>
        <translation>本机的 Codex CLI 正在使用这个登录。</translation>
    </message>
    <message>
        <source>Sign in separately</source>
        <translation>为驿站单独登录</translation>
    </message>
    <message>
        <source>Follow Codex&apos;s file</source>
        <translation>跟随 Codex 的文件</translation>
    </message>
    <message>
        <source>Import anyway</source>
        <translation>仍然导入</translation>
    </message>
    <message>
        <source>Its refresh token can be used only once: whoever renews the login first, Waystation or Codex, signs the other out. With separate logins both go on; if Waystation follows {path}, only Codex renews it.</source>
        <translation>它的 refresh token 只能用一次：驿站和 Codex 谁先续期，另一方就会被登出。单独登录后双方互不影响；若让驿站跟随 {path}，则只由 Codex 续期。</translation>
    </message>
</context>
<context>
    <name>AddressLine</name>
    <message>
        <source>Address of the gateway</source>
        <translation>网关地址</translation>
    </message>
    <message>
        <source>Copy the address</source>
        <translation>复制地址</translation>
    </message>
</context>
<context>
    <name>BrowserPanel</name>
    <message>
        <source>&amp;Open the browser again</source>
        <translation>再次打开浏览器(&amp;O)</translation>
    </message>
    <message>
        <source>Copy &amp;link</source>
        <translation>复制链接(&amp;L)</translation>
    </message>
    <message>
        <source>For another account, open the link in another browser profile or a private window.</source>
        <translation>要登录另一个账号，请在浏览器的其他用户配置或无痕窗口中打开这个链接。</translation>
    </message>
    <message>
        <source>Co&amp;ntinue</source>
        <translation>继续(&amp;N)</translation>
    </message>
    <message>
        <source>Does the browser run on another computer? &amp;Paste the address at which it ended:</source>
        <translation>浏览器在另一台电脑上？把它最后停留的地址粘贴到这里(&amp;P)：</translation>
    </message>
    <message>
        <source>Your browser shows the sign-in page of ChatGPT. Sign in there, then come back to this window.</source>
        <translation>浏览器已打开 ChatGPT 的登录页。请在那里登录，然后回到这个窗口。</translation>
    </message>
    <message>
        <source>No browser could be opened. Copy the link and open it in a browser.</source>
        <translation>无法打开浏览器。请复制链接，在浏览器中打开。</translation>
    </message>
</context>
<context>
    <name>ChangesDialog</name>
    <message>
        <source>What would change</source>
        <extracomment>What to know, and how weighty it is; neutral: a quiet line.</extracomment>
        <translation>将要改动的内容</translation>
    </message>
    <message>
        <source>What would &amp;change:</source>
        <translation>将要改动的内容(&amp;C)：</translation>
    </message>
    <message>
        <source>Reading Codex&apos;s files…</source>
        <translation>正在读取 Codex 的文件…</translation>
    </message>
</context>
<context>
    <name>CheckCard</name>
    <message>
        <source>Check</source>
        <extracomment>Its steps stand there now, or they say something else at the end.</extracomment>
        <translation>检查</translation>
    </message>
    <message>
        <source>Runs your own Codex once, in an empty folder and through the gateway, follows its request, and names the first thing that is wrong. It costs one short request.</source>
        <translation>在空文件夹中通过网关运行一次你自己的 Codex，沿途跟踪这个请求，指出最先出错的地方。会消耗一次很短的请求。</translation>
    </message>
    <message>
        <source>Copy &amp;report</source>
        <translation>复制报告(&amp;R)</translation>
    </message>
    <message>
        <source>It works: the first request of {client} was answered at {time}.</source>
        <translation>配置成功：{client} 的第一次请求已于 {time} 得到回答。</translation>
    </message>
    <message>
        <source>{client} has reached Waystation at {time}, so the set-up works; but the request failed. The page Requests says why.</source>
        <translation>{client} 已于 {time} 连到驿站，配置没有问题，但请求失败了。原因见“请求”页。</translation>
    </message>
    <message>
        <source>The gateway is stopped: start it, so that requests can arrive.</source>
        <translation>网关已停止：启动后才能收到请求。</translation>
    </message>
    <message>
        <source>Waiting for the first request from curl…</source>
        <translation>正在等待 curl 的第一次请求…</translation>
    </message>
    <message>
        <source>Waiting for the first request from Codex…</source>
        <translation>正在等待 Codex 的第一次请求…</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>正在检查…</translation>
    </message>
    <message>
        <source>It works: Codex got an answer through the gateway.</source>
        <translation>一切正常：Codex 已通过网关得到回答。</translation>
    </message>
    <message>
        <source>Codex gets no answer yet. The first thing that is wrong is under “{stage}”.</source>
        <translation>Codex 还得不到回答。最先出错的是“{stage}”这一步。</translation>
    </message>
    <message>
        <source>Stop the &amp;check</source>
        <translation>停止检查(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Check again</source>
        <translation>再次检查(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Check</source>
        <translation>检查(&amp;C)</translation>
    </message>
</context>
<context>
    <name>CheckFindings</name>
    <message>
        <source>Codex {version} is installed: {path}</source>
        <translation>已安装 Codex {version}：{path}</translation>
    </message>
    <message>
        <source>Codex {version} is newer than this Waystation has been tried with: {path}</source>
        <translation>Codex {version} 比驿站测试过的版本更新：{path}</translation>
    </message>
    <message>
        <source>Codex was not found on this computer.</source>
        <translation>这台电脑上没有找到 Codex。</translation>
    </message>
    <message>
        <source>Install it, then open a new terminal window and check again.</source>
        <translation>请先安装，再打开新的终端窗口，然后重新检查。</translation>
    </message>
    <message>
        <source>Codex was found in WSL ({distribution}), and not in Windows.</source>
        <translation>在 WSL（{distribution}）里找到了 Codex，Windows 里没有。</translation>
    </message>
    <message>
        <source>Set it up in there: paste Waystation&apos;s text for WSL into a terminal of WSL.</source>
        <translation>请在 WSL 里配置：把驿站的 WSL 文本粘贴到 WSL 的终端里。</translation>
    </message>
    <message>
        <source>Codex {version} is too old: at least {needed} is needed.</source>
        <translation>Codex {version} 太旧：至少需要 {needed}。</translation>
    </message>
    <message>
        <source>Update it.</source>
        <translation>请更新 Codex。</translation>
    </message>
    <message>
        <source>Codex is installed, but does not start: {path}. It says: {said}</source>
        <translation>Codex 已安装，但无法启动：{path}。它的输出：{said}</translation>
    </message>
    <message>
        <source>Install it again.</source>
        <translation>请重新安装。</translation>
    </message>
    <message>
        <source>PowerShell does not run npm&apos;s script {path}.</source>
        <translation>PowerShell 不允许运行 npm 的脚本 {path}。</translation>
    </message>
    <message>
        <source>Type codex.cmd instead of codex, or allow your own scripts by the command here.</source>
        <translation>请输入 codex.cmd 代替 codex，或用下面的命令允许运行自己的脚本。</translation>
    </message>
    <message>
        <source>Codex is set up for {address}.</source>
        <translation>Codex 已指向 {address}。</translation>
    </message>
    <message>
        <source>{path} is broken at line {line}: Codex does not start.</source>
        <translation>{path} 第 {line} 行有错：Codex 无法启动。</translation>
    </message>
    <message>
        <source>Mend that line.</source>
        <translation>请改正这一行。</translation>
    </message>
    <message>
        <source>Codex does not accept its settings. It says: {said}</source>
        <translation>Codex 不接受自己的设置。它的输出：{said}</translation>
    </message>
    <message>
        <source>Change that in {path}.</source>
        <translation>请在 {path} 中修改。</translation>
    </message>
    <message>
        <source>{path} cannot be read: {problem}</source>
        <translation>无法读取 {path}：{problem}</translation>
    </message>
    <message>
        <source>Make the file readable for you.</source>
        <translation>请让当前用户可以读取这个文件。</translation>
    </message>
    <message>
        <source>Codex is not set up for Waystation in this shell: it would go to OpenAI itself.</source>
        <translation>Codex 没有指向驿站：它会直接访问 OpenAI。</translation>
    </message>
    <message>
        <source>Codex uses the provider {provider} ({address}) instead of Waystation.</source>
        <translation>Codex 使用的是提供商 {provider}（{address}），不是驿站。</translation>
    </message>
    <message>
        <source>Let model_provider in {path} name Waystation&apos;s, or set Codex up again.</source>
        <translation>请把 {path} 中的 model_provider 改成驿站的提供商，或重新配置 Codex。</translation>
    </message>
    <message>
        <source>The profile {profile} in {path} makes Codex use the provider {provider} instead of Waystation.</source>
        <translation>{path} 中的 profile“{profile}”让 Codex 使用提供商 {provider}，而不是驿站。</translation>
    </message>
    <message>
        <source>Take model_provider out of that profile, or choose no profile.</source>
        <translation>请从这个 profile 中删去 model_provider，或不选用 profile。</translation>
    </message>
    <message>
        <source>Codex goes to {address}, but Waystation&apos;s address is {expected}.</source>
        <translation>Codex 访问的是 {address}，而驿站的地址是 {expected}。</translation>
    </message>
    <message>
        <source>Set Codex up again, or let Waystation listen on the address that Codex has.</source>
        <translation>请重新配置 Codex，或让驿站监听 Codex 所用的地址。</translation>
    </message>
    <message>
        <source>Codex {version} ignores OPENAI_BASE_URL and goes to api.openai.com.</source>
        <translation>Codex {version} 忽略 OPENAI_BASE_URL，会访问 api.openai.com。</translation>
    </message>
    <message>
        <source>Set Codex up by its configuration file or by the full set-up.</source>
        <translation>请用配置文件或完整配置来设置 Codex。</translation>
    </message>
    <message>
        <source>The license is missing: {variable} is set nowhere.</source>
        <translation>缺少许可证：哪里都没有设置 {variable}。</translation>
    </message>
    <message>
        <source>Set Codex up again, or set the variable.</source>
        <translation>请重新配置 Codex，或设置这个变量。</translation>
    </message>
    <message>
        <source>{variable} is set in {path}, but not in this shell.</source>
        <translation>{variable} 写在 {path} 中，但当前环境里没有。</translation>
    </message>
    <message>
        <source>Open a new terminal window, and start Codex there.</source>
        <translation>请打开新的终端窗口，在那里启动 Codex。</translation>
    </message>
    <message>
        <source>Codex has no license: nothing is saved by codex login.</source>
        <translation>Codex 没有许可证：codex login 什么也没有保存。</translation>
    </message>
    <message>
        <source>Codex shows your ChatGPT login to Waystation instead of a license.</source>
        <translation>Codex 向驿站出示的是 ChatGPT 登录，而不是许可证。</translation>
    </message>
    <message>
        <source>{variable} sends what Codex asks of {host} to the proxy {proxy}.</source>
        <translation>{variable} 把 Codex 发往 {host} 的请求转给了代理 {proxy}。</translation>
    </message>
    <message>
        <source>Let Waystation write its configuration, or use the full set-up.</source>
        <translation>请用“自动写入”，或使用完整配置。</translation>
    </message>
    <message>
        <source>Save it by codex login: Waystation has the command.</source>
        <translation>请用 codex login 保存许可证：驿站会给出命令。</translation>
    </message>
    <message>
        <source>Set Codex up with a provider of its own, or save the license by codex login: Waystation has the command.</source>
        <translation>请改用独立提供商的配置，或用 codex login 保存许可证：驿站会给出命令。</translation>
    </message>
    <message>
        <source>Write Codex&apos;s files again: that puts {host} into NO_PROXY in Codex&apos;s .env.</source>
        <translation>请重新写入 Codex 的文件：这会在 Codex 的 .env 里把 {host} 加进 NO_PROXY。</translation>
    </message>
    <message>
        <source>forced_login_method in {path} is {value}: Codex refuses any other login, and removes one that is saved.</source>
        <translation>{path} 中的 forced_login_method 是 {value}：Codex 会拒绝其他登录方式，并删掉已保存的登录。</translation>
    </message>
    <message>
        <source>Take that line out.</source>
        <translation>请删去这一行。</translation>
    </message>
    <message>
        <source>{path} names {value}: in this folder Codex goes there instead of Waystation.</source>
        <translation>{path} 指定了 {value}：在这个文件夹里，Codex 会去那里，而不是驿站。</translation>
    </message>
    <message>
        <source>Take that out of the file, or start Codex in another folder.</source>
        <translation>请从这个文件中删去它，或在别的文件夹里启动 Codex。</translation>
    </message>
    <message>
        <source>Waystation answers at {address}.</source>
        <translation>驿站在 {address} 应答。</translation>
    </message>
    <message>
        <source>Waystation is not running.</source>
        <translation>驿站没有运行。</translation>
    </message>
    <message>
        <source>Start it.</source>
        <translation>请启动。</translation>
    </message>
    <message>
        <source>Waystation does not answer: {problem}</source>
        <translation>驿站没有应答：{problem}</translation>
    </message>
    <message>
        <source>End it, and start it again.</source>
        <translation>请结束它，再重新启动。</translation>
    </message>
    <message>
        <source>The gateway is stopped.</source>
        <translation>网关已停止。</translation>
    </message>
    <message>
        <source>Port {port} is used by another program: {program}.</source>
        <translation>端口 {port} 被其他程序占用：{program}。</translation>
    </message>
    <message>
        <source>End that program, or choose another port.</source>
        <translation>请结束那个程序，或换一个端口。</translation>
    </message>
    <message>
        <source>The system does not give port {port} to programs (error 10013). Reserved are: {ranges}.</source>
        <translation>系统不允许程序使用端口 {port}（错误 10013）。保留的端口：{ranges}。</translation>
    </message>
    <message>
        <source>Choose another port, and set Codex up again.</source>
        <translation>请换一个端口，再重新配置 Codex。</translation>
    </message>
    <message>
        <source>The gateway does not run: {problem}</source>
        <translation>网关没有运行：{problem}</translation>
    </message>
    <message>
        <source>Mend that, and start it again.</source>
        <translation>请先解决这个问题，再重新启动。</translation>
    </message>
    <message>
        <source>The gateway runs, but cannot be reached at {address}: {problem}</source>
        <translation>网关在运行，但无法通过 {address} 访问：{problem}</translation>
    </message>
    <message>
        <source>Look whether a firewall or another program is in the way.</source>
        <translation>请看看是否被防火墙或其他程序挡住。</translation>
    </message>
    <message>
        <source>Another program answers at {address}: {program}.</source>
        <translation>在 {address} 应答的是另一个程序：{program}。</translation>
    </message>
    <message>
        <source>End it, or let Waystation listen on another port and set Codex up again.</source>
        <translation>请结束它，或让驿站换一个端口并重新配置 Codex。</translation>
    </message>
    <message>
        <source>The license {license} lets Codex in.</source>
        <translation>许可证“{license}”允许 Codex 进入。</translation>
    </message>
    <message>
        <source>Codex shows no license.</source>
        <translation>Codex 没有出示许可证。</translation>
    </message>
    <message>
        <source>Set Codex up again.</source>
        <translation>请重新配置 Codex。</translation>
    </message>
    <message>
        <source>Waystation does not know the license that Codex shows ({license}).</source>
        <translation>驿站不认识 Codex 出示的许可证（{license}）。</translation>
    </message>
    <message>
        <source>Waystation does not know the license that stands in {path} ({license}): it may have got a new key since.</source>
        <translation>驿站不认识 {path} 里的许可证（{license}）：它之后可能换过密钥。</translation>
    </message>
    <message>
        <source>Write Codex&apos;s files again.</source>
        <translation>请重新写入 Codex 的文件。</translation>
    </message>
    <message>
        <source>Codex&apos;s background server was started before: in Codex&apos;s terminal interface the license or the proxy settings of then are still in use.</source>
        <translation>Codex 的后台服务是之前启动的：在 Codex 的终端界面里，用的仍是当时的许可证或代理设置。</translation>
    </message>
    <message>
        <source>Restart it, by the command here or by /daemon in Codex.</source>
        <translation>请用这里的命令重启它，或在 Codex 里输入 /daemon 重启。</translation>
    </message>
    <message>
        <source>Copy a license of this Waystation, and set Codex up again.</source>
        <translation>请复制这个驿站的许可证，再重新配置 Codex。</translation>
    </message>
    <message>
        <source>The license that Codex shows ({license}) is revoked.</source>
        <translation>Codex 出示的许可证（{license}）已被吊销。</translation>
    </message>
    <message>
        <source>Set Codex up with another license.</source>
        <translation>请用另一个许可证配置 Codex。</translation>
    </message>
    <message>
        <source>The license that Codex shows ({license}) has expired.</source>
        <translation>Codex 出示的许可证（{license}）已过期。</translation>
    </message>
    <message>
        <source>Extend it, or set Codex up with another license.</source>
        <translation>请延长它的期限，或用另一个许可证配置 Codex。</translation>
    </message>
    <message>
        <source>The license {license} has used up its budget of today.</source>
        <translation>许可证“{license}”今天的额度已用完。</translation>
    </message>
    <message>
        <source>Raise its budget, or wait until tomorrow.</source>
        <translation>请提高额度，或等到明天。</translation>
    </message>
    <message>
        <source>Waystation does not answer requests for the host that Codex names.</source>
        <translation>驿站不接受发往 Codex 所写主机名的请求。</translation>
    </message>
    <message>
        <source>Set Codex up with the address {expected}.</source>
        <translation>请用地址 {expected} 配置 Codex。</translation>
    </message>
    <message>
        <source>Codex asks for {path}, which does not exist here.</source>
        <translation>Codex 请求的是 {path}，这里没有这个路径。</translation>
    </message>
    <message>
        <source>The address in Codex&apos;s settings must be {expected}.</source>
        <translation>Codex 设置中的地址应为 {expected}。</translation>
    </message>
    <message>
        <source>Codex ran, but nothing of it arrived at Waystation. It says: {said}</source>
        <translation>Codex 运行了，但驿站没有收到任何请求。它的输出：{said}</translation>
    </message>
    <message>
        <source>Look for a proxy, a firewall or another configuration of Codex.</source>
        <translation>请检查代理、防火墙，或 Codex 的其他配置。</translation>
    </message>
    <message>
        <source>Waystation refused the request: {problem}</source>
        <translation>驿站拒绝了请求：{problem}</translation>
    </message>
    <message>
        <source>The token {token} serves.</source>
        <translation>由 Token“{token}”提供服务。</translation>
    </message>
    <message>
        <source>{ready} of {all} tokens can serve now.</source>
        <translation>{all} 个 Token 中有 {ready} 个现在可用。</translation>
    </message>
    <message>
        <source>There is no token.</source>
        <translation>没有 Token。</translation>
    </message>
    <message>
        <source>Sign in, or add a token.</source>
        <translation>请登录，或添加 Token。</translation>
    </message>
    <message>
        <source>No token can be opened: {problem}</source>
        <translation>Token 都无法打开：{problem}</translation>
    </message>
    <message>
        <source>Open the key store, or add the tokens again.</source>
        <translation>请解锁密钥环，或重新添加 Token。</translation>
    </message>
    <message>
        <source>Every token has reached its limit; the first is ready again at {until}.</source>
        <translation>所有 Token 都已到限额；最早的一个在 {until} 恢复。</translation>
    </message>
    <message>
        <source>Wait, or add another token.</source>
        <translation>请等待，或再添加一个 Token。</translation>
    </message>
    <message>
        <source>No token&apos;s login is valid any more.</source>
        <translation>所有 Token 的登录都已失效。</translation>
    </message>
    <message>
        <source>Sign in again.</source>
        <translation>请重新登录。</translation>
    </message>
    <message>
        <source>Every token is disabled.</source>
        <translation>所有 Token 都已停用。</translation>
    </message>
    <message>
        <source>Enable one.</source>
        <translation>请启用一个。</translation>
    </message>
    <message>
        <source>No token can serve at the moment: {problem}</source>
        <translation>目前没有可用的 Token：{problem}</translation>
    </message>
    <message>
        <source>Try again in a while, or try the tokens at once.</source>
        <translation>请稍后再试，或立即测试 Token。</translation>
    </message>
    <message>
        <source>OpenAI answers.</source>
        <translation>OpenAI 有应答。</translation>
    </message>
    <message>
        <source>OpenAI cannot be reached: {problem}</source>
        <translation>无法连接 OpenAI：{problem}</translation>
    </message>
    <message>
        <source>Look at the network, or choose a proxy in Waystation&apos;s settings.</source>
        <translation>请检查网络，或在驿站的设置中选择代理。</translation>
    </message>
    <message>
        <source>A web page answers in OpenAI&apos;s place ({status}).</source>
        <translation>应答的不是 OpenAI，而是一个网页（{status}）。</translation>
    </message>
    <message>
        <source>Sign in to this network if it asks for that, or choose another proxy in Waystation&apos;s settings.</source>
        <translation>如果这个网络要求登录，请先登录；或在驿站的设置中换一个代理。</translation>
    </message>
    <message>
        <source>OpenAI refused the request ({status}): {problem}</source>
        <translation>OpenAI 拒绝了请求（{status}）：{problem}</translation>
    </message>
    <message>
        <source>Test the token, or look at the account.</source>
        <translation>请测试 Token，或检查账号。</translation>
    </message>
    <message>
        <source>OpenAI failed ({status}): {problem}</source>
        <translation>OpenAI 出错（{status}）：{problem}</translation>
    </message>
    <message>
        <source>Try again in a while.</source>
        <translation>请稍后再试。</translation>
    </message>
    <message>
        <source>The model {model}, for which Codex asks, is not offered to this account.</source>
        <translation>Codex 请求的模型 {model} 对这个账号不可用。</translation>
    </message>
    <message>
        <source>Choose another one: model in {path}.</source>
        <translation>请换一个模型：{path} 中的 model。</translation>
    </message>
    <message>
        <source>Codex has answered, after {seconds} s.</source>
        <translation>Codex 在 {seconds} 秒后给出了回答。</translation>
    </message>
    <message>
        <source>Codex has answered, after {seconds} s. It lost time on WebSockets, which something between it and Waystation refuses.</source>
        <translation>Codex 在 {seconds} 秒后给出了回答。它和驿站之间有东西拒绝 WebSocket，因此浪费了时间。</translation>
    </message>
    <message>
        <source>Let that pass WebSockets, or take it out of the way.</source>
        <translation>请让它放行 WebSocket，或不经过它。</translation>
    </message>
    <message>
        <source>The request went through, but what Codex {version} prints is not understood. It says: {said}</source>
        <translation>请求已完成，但看不懂 Codex {version} 的输出：{said}</translation>
    </message>
    <message>
        <source>Update Waystation.</source>
        <translation>请更新驿站。</translation>
    </message>
    <message>
        <source>The answer ended before it was whole: {problem}</source>
        <translation>回答没有完整就中断了：{problem}</translation>
    </message>
    <message>
        <source>Try again.</source>
        <translation>请重试。</translation>
    </message>
    <message>
        <source>Codex ended with an error. It says: {said}</source>
        <translation>Codex 出错退出。它的输出：{said}</translation>
    </message>
    <message>
        <source>See what Codex says.</source>
        <translation>请看 Codex 的输出。</translation>
    </message>
    <message>
        <source>Codex was not done after {seconds} s, and was ended.</source>
        <translation>Codex 过了 {seconds} 秒仍未完成，已被结束。</translation>
    </message>
    <message>
        <source>Let Waystation write it. If you have copied a text, it holds only where you pasted it: start codex in that terminal.</source>
        <translation>请用“自动写入”。如果用的是复制的文本，它只在粘贴过的终端里有效：请在那个终端里启动 codex。</translation>
    </message>
</context>
<context>
    <name>CheckRemedies</name>
    <message>
        <source>Write it for me…</source>
        <translation>自动写入…</translation>
    </message>
    <message>
        <source>Copy a text</source>
        <translation>复制文本</translation>
    </message>
    <message>
        <source>Show the command</source>
        <translation>查看命令</translation>
    </message>
    <message>
        <source>Start the gateway</source>
        <translation>启动网关</translation>
    </message>
    <message>
        <source>Sign in with ChatGPT</source>
        <translation>用 ChatGPT 登录</translation>
    </message>
    <message>
        <source>Open Settings</source>
        <translation>打开设置</translation>
    </message>
    <message>
        <source>Open Tokens</source>
        <translation>打开 Token 页</translation>
    </message>
    <message>
        <source>Open Licenses</source>
        <translation>打开许可证页</translation>
    </message>
</context>
<context>
    <name>CheckStages</name>
    <message>
        <source>Codex</source>
        <extracomment>By state: its symbol and its tone.</extracomment>
        <translation>Codex</translation>
    </message>
    <message>
        <source>Its settings</source>
        <translation>Codex 配置</translation>
    </message>
    <message>
        <source>Gateway</source>
        <translation>网关</translation>
    </message>
    <message>
        <source>License</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>OpenAI</source>
        <translation>OpenAI</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>等待</translation>
    </message>
    <message>
        <source>running</source>
        <translation>进行中</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>正常</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>跳过</translation>
    </message>
</context>
<context>
    <name>CodexCard</name>
    <message>
        <source>Codex on this computer</source>
        <translation>本机的 Codex</translation>
    </message>
    <message>
        <source>Where Codex goes</source>
        <translation>Codex 的去向</translation>
    </message>
    <message>
        <source>Problem</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>重新查找</translation>
    </message>
    <message>
        <source>What fits</source>
        <translation>建议</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>详细信息</translation>
    </message>
    <message>
        <source>Looking for Codex on this computer…</source>
        <translation>正在本机查找 Codex…</translation>
    </message>
    <message>
        <source>Codex could not be looked for. The log file says more.</source>
        <translation>查找 Codex 时出错，详情见日志文件。</translation>
    </message>
</context>
<context>
    <name>CodexFacts</name>
    <message>
        <source>Codex was found in WSL alone: {names}.</source>
        <extracomment>A line: its symbol, its tone, and what it says.</extracomment>
        <translation>只在 WSL 中找到 Codex：{names}。</translation>
    </message>
    <message>
        <source>Codex was not found on this computer.</source>
        <translation>这台电脑上没有找到 Codex。</translation>
    </message>
    <message>
        <source>Codex was found at {path}, but does not tell its version.</source>
        <translation>在 {path} 找到 Codex，但它没有报告版本。</translation>
    </message>
    <message>
        <source>Codex {version} was found at {path}. It is older than 0.42, and was not tried.</source>
        <translation>在 {path} 找到 Codex {version}。它比 0.42 还旧，没有测试过。</translation>
    </message>
    <message>
        <source>Codex {version} was found at {path}. It is newer than 0.169, the newest that Waystation was tried with.</source>
        <translation>在 {path} 找到 Codex {version}。它比驿站测试过的最新版本 0.169 还新。</translation>
    </message>
    <message>
        <source>Codex {version} was found at {path}.</source>
        <translation>在 {path} 找到 Codex {version}。</translation>
    </message>
    <message>
        <source>Codex cannot read its config.toml: {problem}</source>
        <translation>Codex 读不了自己的 config.toml：{problem}</translation>
    </message>
    <message>
        <source>Its config.toml leads to {address}, but the gateway is at {base_url} now.</source>
        <translation>它的 config.toml 指向 {address}，而网关现在的地址是 {base_url}。</translation>
    </message>
    <message>
        <source>Its config.toml leads to this gateway, by openai_base_url, but Codex has no license yet.</source>
        <translation>它的 config.toml 通过 openai_base_url 指向这个网关，但 Codex 还没有许可证。</translation>
    </message>
    <message>
        <source>Its config.toml names another provider: {provider}.</source>
        <translation>它的 config.toml 使用另一个提供商：{provider}。</translation>
    </message>
    <message>
        <source>Its config.toml leads to {address}.</source>
        <translation>它的 config.toml 指向 {address}。</translation>
    </message>
    <message>
        <source>It goes to OpenAI itself, unless a terminal says otherwise.</source>
        <translation>它直接访问 OpenAI，除非终端里另有设置。</translation>
    </message>
    <message>
        <source>Other Codex</source>
        <translation>其他 Codex</translation>
    </message>
    <message>
        <source>In WSL</source>
        <translation>WSL 中</translation>
    </message>
    <message>
        <source>This is WSL</source>
        <translation>当前 WSL</translation>
    </message>
    <message>
        <source>{folder} (from CODEX_HOME)</source>
        <translation>{folder}（来自 CODEX_HOME）</translation>
    </message>
    <message>
        <source>Codex&apos;s folder</source>
        <translation>Codex 的文件夹</translation>
    </message>
    <message>
        <source>config.toml</source>
        <translation>config.toml</translation>
    </message>
    <message>
        <source>Login</source>
        <translation>登录</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>NO_PROXY exempts the gateway.</source>
        <translation>NO_PROXY 已排除网关。</translation>
    </message>
    <message>
        <source>Proxies</source>
        <translation>代理</translation>
    </message>
    <message>
        <source>does not run now, so it was not looked at</source>
        <translation>现在没有运行，因此没有查看</translation>
    </message>
    <message>
        <source>no Codex</source>
        <translation>没有 Codex</translation>
    </message>
    <message>
        <source>Its config.toml leads to this gateway, by openai_base_url.</source>
        <translation>它的 config.toml 通过 openai_base_url 指向这个网关。</translation>
    </message>
    <message>
        <source>Its config.toml leads to this gateway.</source>
        <translation>它的 config.toml 指向这个网关。</translation>
    </message>
    <message>
        <source>OPENAI_BASE_URL leads here, but this Codex ignores it and goes to api.openai.com.</source>
        <translation>OPENAI_BASE_URL 指向这里，但这个 Codex 会忽略它，直接访问 api.openai.com。</translation>
    </message>
    <message>
        <source>OPENAI_BASE_URL leads to this gateway.</source>
        <translation>OPENAI_BASE_URL 指向这个网关。</translation>
    </message>
    <message>
        <source>Its config.toml is broken at line {line}: Codex does not start.</source>
        <translation>它的 config.toml 第 {line} 行有错：Codex 无法启动。</translation>
    </message>
    <message>
        <source>There is none yet.</source>
        <translation>还没有。</translation>
    </message>
    <message>
        <source>provider {provider}</source>
        <translation>提供商 {provider}</translation>
    </message>
    <message>
        <source>a ChatGPT login</source>
        <translation>ChatGPT 登录</translation>
    </message>
    <message>
        <source>an API key</source>
        <translation>API 密钥</translation>
    </message>
    <message>
        <source>in the system&apos;s keyring, which Waystation does not open</source>
        <translation>在系统密钥环中，驿站不会打开</translation>
    </message>
    <message>
        <source>set in {path}</source>
        <translation>写在 {path}</translation>
    </message>
    <message>
        <source>set in this environment</source>
        <translation>在当前环境中设置</translation>
    </message>
    <message>
        <source>not set</source>
        <translation>未设置</translation>
    </message>
</context>
<context>
    <name>CodexFindings</name>
    <message>
        <source>config.toml chooses a profile, and {where} names the provider {value}: Codex up to 0.120 uses that one. Take model_provider out of the profile.</source>
        <translation>config.toml 选用了一个 profile，而 {where} 使用提供商 {value}：Codex 0.120 及更早版本会用它。请从该 profile 中删去 model_provider。</translation>
    </message>
    <message>
        <source>{where} names the provider {value}: with that profile Codex up to 0.120 goes there.</source>
        <translation>{where} 使用提供商 {value}：选用该 profile 时，Codex 0.120 及更早版本会访问它。</translation>
    </message>
    <message>
        <source>{where} names {value}: with that profile Codex goes there.</source>
        <translation>{where} 写着 {value}：选用该 profile 时，Codex 会访问它。</translation>
    </message>
    <message>
        <source>{where} is {value}, so that openai_base_url is not used. Take that line out, or choose the provider of our own.</source>
        <translation>{where} 是 {value}，因此 openai_base_url 不起作用。请删去这一行，或选择独立提供商。</translation>
    </message>
    <message>
        <source>{where} still names Waystation&apos;s provider, which is gone now: Codex will not start with it. Change that line.</source>
        <translation>{where} 仍写着驿站的提供商，而它已不存在：Codex 会无法启动。请修改这一行。</translation>
    </message>
    <message>
        <source>Conversations begun before are not lost, but Codex 0.80 to 0.140 lists only those of the provider in use: codex resume -c model_provider={value} lists them, and codex resume ID goes on with one through Waystation.</source>
        <translation>以前的对话不会丢失，但 Codex 0.80 至 0.140 只列出当前提供商的对话：codex resume -c model_provider={value} 可以列出它们，codex resume ID 则通过驿站继续其中一个。</translation>
    </message>
    <message>
        <source>Newer versions of Codex go on with a conversation where it was begun, not through Waystation: codex fork ID goes on with a copy of it here.</source>
        <translation>较新的 Codex 会在对话开始时的提供商继续，而不经过驿站：用 codex fork ID 可在这里继续它的副本。</translation>
    </message>
    <message>
        <source>Conversations begun through Waystation are not lost: codex resume ID goes on with one, or codex fork ID where Codex refuses that.</source>
        <translation>通过驿站进行的对话不会丢失：用 codex resume ID 继续；如果 Codex 拒绝，请用 codex fork ID。</translation>
    </message>
    <message>
        <source>Codex is signed in with ChatGPT, and the command replaces that login. To keep it, first copy {where} to {value}; copied back, it works again.</source>
        <translation>Codex 已用 ChatGPT 登录，该命令会取代这个登录。要保留它，请先把 {where} 复制为 {value}；复制回来即可恢复。</translation>
    </message>
    <message>
        <source>Codex keeps its login in the system&apos;s keyring ({where} is {value}). If that is a ChatGPT login, the command replaces it: to have it back, sign in to Codex again.</source>
        <translation>Codex 把登录保存在系统密钥环中（{where} 是 {value}）。如果那是 ChatGPT 登录，该命令会取代它：要恢复，请在 Codex 里重新登录。</translation>
    </message>
    <message>
        <source>A token follows {where}. Codex no longer renews that login once it goes through Waystation, so that the token ends in some days: give Waystation a sign-in of its own.</source>
        <translation>有一个 Token 跟随 {where}。Codex 改走驿站后不再续期这个登录，几天后该 Token 就会失效：请给驿站单独登录一次。</translation>
    </message>
    <message>
        <source>Codex still has the license saved as its API key ({where}), and without Waystation would send it to api.openai.com. Remove it by the command, or copy your own login back.</source>
        <translation>Codex 仍把许可证存为 API 密钥（{where}），不经过驿站时会把它发送到 api.openai.com。请用命令删除它，或把自己的登录复制回来。</translation>
    </message>
    <message>
        <source>{where} names {value}: in that project Codex 0.80 to 0.120 goes there, with the license.</source>
        <translation>{where} 写着 {value}：在该项目中，Codex 0.80 至 0.120 会带着许可证访问它。</translation>
    </message>
    <message>
        <source>{where} names {value} and outweighs config.toml: Codex goes there. Ask whoever manages this computer.</source>
        <translation>{where} 写着 {value}，优先于 config.toml：Codex 会访问它。请询问这台电脑的管理员。</translation>
    </message>
    <message>
        <source>openai_base_url is read by Codex 0.120 and newer; which version is installed is not known.</source>
        <translation>openai_base_url 从 Codex 0.120 起才有效；已安装的版本未知。</translation>
    </message>
    <message>
        <source>A proxy stands between Codex and the gateway, so NO_PROXY goes into {where}: yours, and {value} besides. There it wins over your environment: when your NO_PROXY changes, write this again.</source>
        <translation>Codex 和网关之间隔着代理，因此会把 NO_PROXY 写进 {where}：保留你原有的内容，再加上 {value}。写在那里的值优先于环境变量：你的 NO_PROXY 变了以后，请重新写入。</translation>
    </message>
    <message>
        <source>{where} is {value}: Codex then refuses to save the license, and removes one that is saved. Take that line out, or choose the provider of our own.</source>
        <translation>{where} 的值是 {value}：这样 Codex 会拒绝保存许可证，已保存的也会删掉。请删去这一行，或选用驿站自己的提供商。</translation>
    </message>
    <message>
        <source>Codex&apos;s background server is running, and keeps the license with which it was started. When all is done, restart it: by {value} in a terminal, or by /daemon in Codex.</source>
        <translation>Codex 的后台服务正在运行，它一直沿用启动时的许可证。全部完成后请重启它：在终端里运行 {value}，或在 Codex 里输入 /daemon。</translation>
    </message>
    <message>
        <source>Afterwards one command is left to be run in a terminal; the page then shows it.</source>
        <translation>之后还需在终端里运行一条命令，页面上会显示它。</translation>
    </message>
</context>
<context>
    <name>ColleagueDialog</name>
    <message>
        <source>Copy for a colleague</source>
        <translation>复制给同事</translation>
    </message>
    <message>
        <source>A new license</source>
        <translation>新建许可证</translation>
    </message>
    <message>
        <source>Such as “Ann&apos;s laptop”</source>
        <translation>例如“小王的笔记本”</translation>
    </message>
    <message>
        <source>Copy set-up</source>
        <translation>复制配置</translation>
    </message>
    <message>
        <source>Makes the full set-up for a computer in your network: your colleague pastes it into a terminal there, and runs codex. Each should have a license of their own, so that you can revoke it alone.</source>
        <translation>为局域网内的另一台电脑生成完整配置：同事把它粘贴到自己的终端里，再运行 codex。请给每位同事单独的许可证，以便单独吊销。</translation>
    </message>
    <message>
        <source>L&amp;icense:</source>
        <translation>许可证(&amp;I)：</translation>
    </message>
    <message>
        <source>&amp;Label:</source>
        <translation>名称(&amp;L)：</translation>
    </message>
    <message>
        <source>Their &amp;shell:</source>
        <translation>对方的 Shell(&amp;S)：</translation>
    </message>
    <message>
        <source>&amp;Address:</source>
        <translation>地址(&amp;A)：</translation>
    </message>
    <message>
        <source>This computer has no address on a local network now.</source>
        <translation>本机目前没有局域网地址。</translation>
    </message>
    <message>
        <source>The gateway listens for this computer alone. Let other computers use it first: see Settings.</source>
        <translation>网关目前只供本机使用。请先在“设置”中允许其他电脑使用。</translation>
    </message>
    <message>
        <source>Open Settings</source>
        <translation>打开设置</translation>
    </message>
    <message>
        <source>Write a label, so that you know later whose license it is.</source>
        <translation>请填写名称，以便日后知道这是谁的许可证。</translation>
    </message>
</context>
<context>
    <name>CommandLine</name>
    <message>
        <source>Command</source>
        <translation>命令</translation>
    </message>
    <message>
        <source>Copy “{command}”</source>
        <translation>复制“{command}”</translation>
    </message>
</context>
<context>
    <name>ConnectionCard</name>
    <message>
        <source>Copy full set-up</source>
        <translation>复制完整配置</translation>
    </message>
    <message>
        <source>Copy full set-up for {shell}</source>
        <translation>复制 {shell} 完整配置</translation>
    </message>
</context>
<context>
    <name>Counts</name>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n 个 Token</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n session(s) in 24 h</source>
        <translation>
            <numerusform>24 小时内 %n 个会话</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n session(s)</source>
        <translation>
            <numerusform>%n 个会话</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) running</source>
        <translation>
            <numerusform>%n 个请求进行中</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n 个进行中</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n move(s)</source>
        <translation>
            <numerusform>换过 %n 次</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s)</source>
        <translation>
            <numerusform>改动 %n 处</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) added.</source>
        <translation>
            <numerusform>已添加 %n 个 Token。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Recognised: %n login(s).</source>
        <translation>
            <numerusform>已识别：%n 个登录。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n more…</source>
        <translation>
            <numerusform>另有 %n 个…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) were here already; their credentials are renewed.</source>
        <translation>
            <numerusform>%n 个 Token 原本就在，凭据已更新。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) are waiting at the station until {time}: all tokens are at their limit.</source>
        <translation>
            <numerusform>%n 个请求正在驿站候车，等到 {time}：所有 Token 都已达到上限。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n token(s) need a new sign-in or a new key.</source>
        <translation>
            <numerusform>%n 个 Token 需要重新登录或更换密钥。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DataSection</name>
    <message>
        <source>Data</source>
        <translation>数据</translation>
    </message>
    <message>
        <source> days</source>
        <translation> 天</translation>
    </message>
    <message>
        <source>Keep the history for:</source>
        <translation>历史保留：</translation>
    </message>
    <message>
        <source>When, on which token, how fast, how many tokens. What was said is never kept.</source>
        <translation>只记录时间、所用 Token、快慢和用量。对话内容从不保存。</translation>
    </message>
    <message>
        <source>At most:</source>
        <translation>最多占用：</translation>
    </message>
    <message>
        <source>Where the key is kept that seals secrets</source>
        <translation>机密数据的密钥存放处</translation>
    </message>
    <message>
        <source>Secrets:</source>
        <translation>机密数据：</translation>
    </message>
    <message>
        <source>Export everything…</source>
        <translation>全部导出…</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>导入…</translation>
    </message>
    <message>
        <source>Open data folder</source>
        <translation>打开数据文件夹</translation>
    </message>
    <message>
        <source>Move or back up:</source>
        <translation>迁移或备份：</translation>
    </message>
    <message>
        <source>Tokens, licenses and settings in one file, sealed by a passphrase of yours.</source>
        <translation>Token、许可证和设置存成一个文件，用你的口令加密。</translation>
    </message>
    <message>
        <source>No key yet: see the notice above.</source>
        <translation>还没有密钥：请看上方的提示。</translation>
    </message>
    <message>
        <source>Used now: {size} MB in {folder}</source>
        <translation>当前占用 {size} MB，位于 {folder}</translation>
    </message>
    <message>
        <source>Export everything</source>
        <translation>全部导出</translation>
    </message>
    <message>
        <source>The file will hold your logins and keys. It is sealed by this passphrase; without it nobody can open the file, you neither.</source>
        <translation>文件将包含你的登录和密钥，用此口令加密。没有口令谁也打不开，包括你自己。</translation>
    </message>
    <message>
        <source>Import</source>
        <translation>导入</translation>
    </message>
    <message>
        <source>What is missing here is added. What is here already stays as it is; nothing is overwritten.</source>
        <translation>只添加这里没有的内容。已有的保持不变，不会覆盖任何东西。</translation>
    </message>
</context>
<context>
    <name>Desktop</name>
    <message>
        <source>Something unexpected went wrong. The log file says more.</source>
        <translation>发生了意外错误，详情请看日志文件。</translation>
    </message>
    <message>
        <source>Waystation cannot start</source>
        <translation>驿站无法启动</translation>
    </message>
    <message>
        <source>Waystation has to end</source>
        <translation>驿站必须退出</translation>
    </message>
    <message>
        <source>Quit Waystation</source>
        <translation>退出驿站</translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) are still running.</source>
        <translation>
            <numerusform>还有 %n 个请求正在进行。</numerusform>
        </translation>
    </message>
    <message>
        <source>Quit when they are done</source>
        <translation>等它们完成后退出</translation>
    </message>
    <message>
        <source>Quit now</source>
        <translation>立即退出</translation>
    </message>
    <message>
        <source>Until then no new request is taken. If you quit now, their clients see a broken answer.</source>
        <translation>等待期间不再接受新请求。若立即退出，客户端会收到不完整的回答。</translation>
    </message>
    <message>
        <source>Waystation quits as soon as the running requests are done. To quit at once, choose Quit again.</source>
        <translation>正在进行的请求完成后，驿站会自动退出。要立即退出，请再次选择“退出”。</translation>
    </message>
    <message>
        <source>Waystation keeps running in the tray. To end it, choose Quit in the menu there.</source>
        <translation>驿站仍在托盘中运行。要结束它，请在托盘菜单中选择“退出”。</translation>
    </message>
</context>
<context>
    <name>DetailPane</name>
    <message>
        <source>Close the details</source>
        <translation>关闭详情</translation>
    </message>
</context>
<context>
    <name>DevicePanel</name>
    <message>
        <source>Address of the page</source>
        <translation>页面地址</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>代码</translation>
    </message>
    <message>
        <source>Never type a code that somebody else has sent you.</source>
        <translation>切勿输入别人发给你的代码。</translation>
    </message>
    <message>
        <source>1. Open this page in any browser, also on another computer:</source>
        <translation>1. 在任意浏览器中打开这个页面，也可以在另一台电脑上：</translation>
    </message>
    <message>
        <source>&amp;Open page</source>
        <translation>打开页面(&amp;O)</translation>
    </message>
    <message>
        <source>Copy &amp;link</source>
        <translation>复制链接(&amp;L)</translation>
    </message>
    <message>
        <source>2. Sign in there and type this code:</source>
        <translation>2. 在那里登录，并输入这个代码：</translation>
    </message>
    <message>
        <source>&amp;Copy code</source>
        <translation>复制代码(&amp;C)</translation>
    </message>
    <message>
        <source>The code is good for {time} more.</source>
        <translation>代码剩余有效时间：{time}</translation>
    </message>
    <message>
        <source>The code has ended.</source>
        <translation>代码已过期。</translation>
    </message>
</context>
<context>
    <name>Dialogs</name>
    <message>
        <source>Look in:</source>
        <translation>查找范围：</translation>
    </message>
    <message>
        <source>Files of type:</source>
        <translation>文件类型：</translation>
    </message>
</context>
<context>
    <name>Edits</name>
    <message>
        <source>Translated from chat/completions to responses, the interface that upstream speaks.</source>
        <translation>从 chat/completions 转换为上游使用的 responses 接口。</translation>
    </message>
    <message>
        <source>session_id was sent as prompt_cache_key, its name at upstream.</source>
        <translation>session_id 改用上游的名称 prompt_cache_key 发送。</translation>
    </message>
    <message>
        <source>Sealed reasoning of another token was left out, since this token cannot read it.</source>
        <translation>略去了由其他 Token 加密的推理内容，因为当前 Token 无法读取。</translation>
    </message>
    <message>
        <source>stream was set to true, as this upstream wants it; the client gets one whole answer all the same.</source>
        <translation>按上游要求把 stream 设为 true；客户端收到的仍是一份完整的回答。</translation>
    </message>
    <message>
        <source>store was set to false: this upstream keeps no answers.</source>
        <translation>store 设为 false：该上游不保存回答。</translation>
    </message>
    <message>
        <source>input was a plain text and was sent as a list of one message.</source>
        <translation>input 原为纯文本，改为只含一条消息的列表发送。</translation>
    </message>
    <message>
        <source>Empty instructions were added, since this upstream wants some.</source>
        <translation>补上了空的 instructions，因为该上游要求有这一项。</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>This did not work.</source>
        <translation>操作没有成功。</translation>
    </message>
    <message>
        <source>What was given cannot be used; nothing was changed.</source>
        <translation>输入的内容无法使用，未做任何改动。</translation>
    </message>
    <message>
        <source>This entry does not exist any more.</source>
        <translation>该条目已不存在。</translation>
    </message>
    <message>
        <source>Port {port} is used by another program, or kept by the system.</source>
        <translation>端口 {port} 已被其他程序占用，或被系统保留。</translation>
    </message>
    <message>
        <source>Another Waystation uses this data folder; quit it first.</source>
        <translation>另一个驿站正在使用这个数据目录，请先退出它。</translation>
    </message>
    <message>
        <source>Another Waystation uses this data folder, but it does not answer. End it, then start again.</source>
        <translation>另一个驿站正在使用这个数据目录，但没有响应。请结束它，然后重新启动。</translation>
    </message>
    <message>
        <source>The system&apos;s keyring cannot be used: there is none, it is locked, or it does not answer.</source>
        <translation>系统密钥环无法使用：系统中没有密钥环、密钥环已锁定，或没有响应。</translation>
    </message>
    <message>
        <source>The key that seals your tokens and licenses is gone from the keyring. Nothing was deleted.</source>
        <translation>用来加密 Token 和许可证的密钥已不在密钥环中。数据没有被删除。</translation>
    </message>
    <message>
        <source>A stored secret is damaged and cannot be opened. Add it again.</source>
        <translation>一条已保存的机密数据已损坏，无法解密，请重新添加。</translation>
    </message>
    <message>
        <source>The data was written by a newer Waystation and was left untouched. Install the newer version.</source>
        <translation>数据由更新版本的驿站写入，未做任何改动。请安装新版本。</translation>
    </message>
    <message>
        <source>The database cannot be read or written. Check the disk and the rights of the data folder.</source>
        <translation>数据库无法读写。请检查磁盘空间和数据目录的权限。</translation>
    </message>
    <message>
        <source>The request was refused.</source>
        <translation>请求被拒绝。</translation>
    </message>
    <message>
        <source>OpenAI cannot be reached. Check the network connection, and whether a proxy is needed here.</source>
        <translation>无法连接 OpenAI。请检查网络连接，以及这里是否需要代理。</translation>
    </message>
    <message>
        <source>OpenAI took the request but did not answer in time.</source>
        <translation>OpenAI 收到了请求，但没有及时应答。</translation>
    </message>
    <message>
        <source>The sign-in service refused. Try again; if it stays so, sign in again.</source>
        <translation>登录服务拒绝了请求。请重试；若一直如此，请重新登录。</translation>
    </message>
    <message>
        <source>The browser cannot come back to Waystation: its ports ({ports}) are used by other programs. End them, or sign in with a device code.</source>
        <translation>浏览器无法返回驿站：所需端口（{ports}）被其他程序占用。请结束这些程序，或改用设备码登录。</translation>
    </message>
    <message>
        <source>The browser cannot come back to Waystation: port {port} is used by {program}. End that program, or sign in with a device code.</source>
        <translation>浏览器无法返回驿站：端口 {port} 被 {program} 占用。请结束该程序，或改用设备码登录。</translation>
    </message>
    <message>
        <source>Upstream did not tell the usage of this token ({status}).</source>
        <translation>上游没有给出这个 Token 的用量（{status}）。</translation>
    </message>
    <message>
        <source>OpenAI did not say which models it offers ({status}). Test the token; if it works, try again in a while.</source>
        <translation>OpenAI 没有告知有哪些模型可用（{status}）。请先测试 Token；如果 Token 正常，请过一会儿再试。</translation>
    </message>
    <message>
        <source>{host} cannot be reached. Check the network connection, and whether a proxy is needed here.</source>
        <translation>无法连接 {host}。请检查网络连接，以及是否需要代理。</translation>
    </message>
    <message>
        <source>{host} did not tell of releases ({status}). Try again later; if it stays so, check the address of the release feed.</source>
        <translation>{host} 没有给出版本信息（{status}）。请稍后重试；如果一直如此，请检查更新源地址。</translation>
    </message>
    <message>
        <source>{host} knows of no release. Check the address of the release feed, or try again later.</source>
        <translation>{host} 上没有任何已发布的版本。请检查更新源地址，或稍后重试。</translation>
    </message>
    <message>
        <source>{host} has had too many questions from this network. Try again in an hour.</source>
        <translation>来自此网络的请求过多，{host} 暂时不予回应。请一小时后重试。</translation>
    </message>
    <message>
        <source>What came from {host} is no release feed. Check its address, and whether this network wants you to sign in on a web page first.</source>
        <translation>{host} 返回的内容不是更新源。请检查地址，以及此网络是否要求先在网页上登录。</translation>
    </message>
    <message>
        <source>This backup is damaged: some of it is missing or was changed. Nothing was imported.</source>
        <translation>备份已损坏：部分内容缺失或被改动。没有导入任何内容。</translation>
    </message>
    <message>
        <source>This backup was written by a newer Waystation. Install that version, then import it. Nothing was imported.</source>
        <translation>此备份由更新版本的驿站写成。请先安装该版本再导入。没有导入任何内容。</translation>
    </message>
    <message>
        <source>This passphrase does not open the backup. Nothing was imported.</source>
        <translation>口令不对，无法打开备份。没有导入任何内容。</translation>
    </message>
    <message>
        <source>cmd reads no file of yours when it starts, so this can only be set up for one window. For good, take PowerShell, or let Waystation write Codex&apos;s config.toml.</source>
        <translation>cmd 启动时不读取任何用户文件，所以只能对一个窗口生效。要长期有效，请改用 PowerShell，或让驿站写入 Codex 的 config.toml。</translation>
    </message>
    <message>
        <source>Codex&apos;s config.toml cannot be read, by Codex neither (line {line}). Mend that line; nothing was changed.</source>
        <translation>Codex 的 config.toml 第 {line} 行有错，Codex 自己也读不了。请改正这一行；没有做任何改动。</translation>
    </message>
    <message>
        <source>Codex&apos;s config.toml has {key}, which is not Waystation&apos;s. Rename or remove it and try again; nothing was changed.</source>
        <translation>Codex 的 config.toml 中已有 {key}，它不是驿站写的。请改名或删除后重试；没有做任何改动。</translation>
    </message>
    <message>
        <source>{path} has been changed meanwhile. Nothing was written: look at the changes again.</source>
        <translation>{path} 刚才被改动过。没有写入：请重新查看改动。</translation>
    </message>
    <message>
        <source>{path} cannot be read. Check its rights, and what it is.</source>
        <translation>无法读取 {path}。请检查它的权限，以及它是否是文件。</translation>
    </message>
    <message>
        <source>Codex {version} does not read openai_base_url; 0.120 is the first that does. Choose the own provider.</source>
        <translation>Codex {version} 不支持 openai_base_url，从 0.120 起才支持。请选择独立提供商。</translation>
    </message>
    <message>
        <source>{name} is Waystation itself ({address}): it would ask itself for ever. Correct that variable and start Waystation again; nothing was changed.</source>
        <translation>{name} 就是驿站自己（{address}）：它会无休止地请求自己。请改正这个变量并重新启动驿站；没有做任何改动。</translation>
    </message>
    <message>
        <source>{path} sets chatgpt_base_url to Waystation, which has none of what Codex asks for there. Take that line out and try again; nothing was changed.</source>
        <translation>{path} 把 chatgpt_base_url 指向驿站，而驿站没有 Codex 在那里要的内容。请删去这一行后重试；没有做任何改动。</translation>
    </message>
    <message>
        <source>A token follows {path}, which this way would overwrite. Choose the own provider, or give Waystation a sign-in of its own first; nothing was changed.</source>
        <translation>有一个 Token 跟随 {path}，这种方式会覆盖它。请选择独立提供商，或先给驿站单独登录一次；没有做任何改动。</translation>
    </message>
    <message>
        <source>{path} is in UTF-16, which Codex cannot read either. Save it as UTF-8 and try again; nothing was changed.</source>
        <translation>{path} 是 UTF-16 编码，Codex 也读不了。请另存为 UTF-8 后重试；没有做任何改动。</translation>
    </message>
    <message>
        <source>{path}, in which Waystation remembers what it wrote for Codex, cannot be used: {reason}.</source>
        <translation>驿站用来记住写过什么的文件 {path} 无法使用：{reason}。</translation>
    </message>
    <message>
        <source>Another Waystation is writing Codex&apos;s files now. Try again.</source>
        <translation>另一个驿站正在写 Codex 的文件。请重试。</translation>
    </message>
    <message>
        <source>Waystation has written nothing into {path}.</source>
        <translation>驿站没有往 {path} 写过内容。</translation>
    </message>
    <message>
        <source>The system does not let Waystation change what starts at sign-in: {reason}. Use its own settings for start-up programs instead.</source>
        <translation>系统不允许驿站修改登录启动项：{reason}。请改用系统自带的启动项设置。</translation>
    </message>
    <message>
        <source>Waystation runs from its disk image, or from where macOS has put it for its first start, and will not be there at the next sign-in. Drag it into the folder Applications, start it there, and try again.</source>
        <translation>驿站正从磁盘映像或 macOS 首次启动时的临时位置运行，下次登录时它已不在那里。请把它拖到“应用程序”文件夹，从那里启动后再试。</translation>
    </message>
    <message>
        <source>{path} cannot be written. Check the folder&apos;s rights and the disk.</source>
        <translation>无法写入 {path}。请检查文件夹权限和磁盘。</translation>
    </message>
    <message>
        <source>The system did not start Waystation. Quit this one and start it yourself.</source>
        <translation>系统未能启动驿站。请退出这里，自行启动。</translation>
    </message>
    <message>
        <source>This token cannot be opened: the key that sealed it is gone. Add it again.</source>
        <translation>这个 Token 无法解密：加密它的密钥已丢失。请重新添加。</translation>
    </message>
    <message>
        <source>Upstream does not accept it any more. Sign in again, or add a new key.</source>
        <translation>上游不再接受它。请重新登录，或添加新的密钥。</translation>
    </message>
    <message>
        <source>Upstream refuses this account, or this network. Look at the account, or try another proxy.</source>
        <translation>上游拒绝了这个账号或当前网络。请查看账号状态，或换一个代理。</translation>
    </message>
    <message>
        <source>Upstream asks to wait. Try again in a minute.</source>
        <translation>上游要求稍候，请一分钟后重试。</translation>
    </message>
    <message>
        <source>Upstream has trouble of its own. Try again in a while.</source>
        <translation>上游自身出现故障，请稍后重试。</translation>
    </message>
</context>
<context>
    <name>Failures</name>
    <message>
        <source>Every token that could serve was at its limit. Wait until the first is back, add a token, or let requests wait: the settings say for how long.</source>
        <translation>所有能用的 Token 都到了上限。可以等最先恢复的那个、添加 Token，或让请求候车：在设置里选择等多久。</translation>
    </message>
    <message>
        <source>Too much at once for the tokens that are there. Clients try again by themselves; a token more helps.</source>
        <translation>同时进行的请求太多，现有的 Token 应付不过来。客户端会自动重试；多加一个 Token 会有帮助。</translation>
    </message>
    <message>
        <source>Upstream does not accept the token&apos;s login any more. Sign in again on the Tokens page.</source>
        <translation>上游不再接受这个 Token 的登录。请到“Token”页重新登录。</translation>
    </message>
    <message>
        <source>Upstream does not accept the API key any more. Add a new one on the Tokens page.</source>
        <translation>上游不再接受这个 API 密钥。请到“Token”页添加新的密钥。</translation>
    </message>
    <message>
        <source>Upstream has closed the account or its workspace. Look at it at chatgpt.com, or sign in with another.</source>
        <translation>上游已停用该账号或其工作区。请到 chatgpt.com 查看，或换一个账号登录。</translation>
    </message>
    <message>
        <source>The account has no credit left, or its plan does not include this. Look at the account&apos;s plan.</source>
        <translation>账号余额不足，或套餐不含此功能。请查看账号的套餐。</translation>
    </message>
    <message>
        <source>Upstream refuses this account, or this network. Look at the account, or try another proxy.</source>
        <translation>上游拒绝了这个账号或当前网络。请检查账号，或换一个代理试试。</translation>
    </message>
    <message>
        <source>No token has this model. Check its name in the client, or add a token whose plan has it.</source>
        <translation>没有 Token 能使用这个模型。请检查客户端里的模型名称，或添加套餐包含该模型的 Token。</translation>
    </message>
    <message>
        <source>The request holds what another account sealed. Start a new conversation in the client.</source>
        <translation>请求里有其他账号加密的内容。请在客户端里新开一个对话。</translation>
    </message>
    <message>
        <source>Upstream could not be reached. Check the network connection, and the proxy in the settings.</source>
        <translation>连不上上游。请检查网络连接和设置里的代理。</translation>
    </message>
    <message>
        <source>Upstream took the request but did not answer in time. Clients try again by themselves.</source>
        <translation>上游收下了请求，但没有及时应答。客户端会自动重试。</translation>
    </message>
    <message>
        <source>Upstream broke its answer off. Clients try again by themselves; if it happens often, look at the proxy.</source>
        <translation>上游的回答中途断开。客户端会自动重试；如果经常发生，请检查代理。</translation>
    </message>
    <message>
        <source>Cloudflare, which stands before upstream, refused the connection. Wait a moment, or use another proxy or network.</source>
        <translation>上游前面的 Cloudflare 拒绝了连接。请稍候再试，或换一个代理或网络。</translation>
    </message>
    <message>
        <source>Upstream does not serve the country or region that the connection came from. Use another proxy or network.</source>
        <translation>上游不向该连接所在的国家或地区提供服务。请换一个代理或网络。</translation>
    </message>
    <message>
        <source>Upstream had trouble of its own. Clients try again by themselves; if it lasts, wait a while.</source>
        <translation>上游自身出了故障。客户端会自动重试；如果一直如此，请过一阵再试。</translation>
    </message>
    <message>
        <source>The license has used up its budget for the day. It goes on tomorrow, or with a larger budget: Licenses page.</source>
        <translation>这个许可证已用完当天的额度。明天会恢复，也可以到“许可证”页调高额度。</translation>
    </message>
    <message>
        <source>No token could serve this: each is disabled, refused by upstream, or does not have the model. Look at the Tokens page.</source>
        <translation>没有 Token 能处理这个请求：它们或已停用，或被上游拒绝，或不能使用该模型。请查看“Token”页。</translation>
    </message>
    <message>
        <source>The session is pinned to a token that cannot serve it. Unpin it, or move it to another token: Sessions page.</source>
        <translation>会话固定在一个用不了的 Token 上。请到“会话”页取消固定，或把它换到其他 Token。</translation>
    </message>
    <message>
        <source>The conversation holds what only one account can read, and that one cannot serve any more. Start a new conversation in the client.</source>
        <translation>对话里有只有某个账号才能读取的内容，而那个账号已不可用。请在客户端里新开一个对话。</translation>
    </message>
    <message>
        <source>The session goes on with another token, so the client was told to connect again. Nothing was lost.</source>
        <translation>会话改由另一个 Token 继续，因此已通知客户端重新连接。没有任何内容丢失。</translation>
    </message>
    <message>
        <source>The gateway was stopped while the request ran. Send it again once the gateway runs.</source>
        <translation>请求进行中网关被停止。网关运行后请重新发送。</translation>
    </message>
    <message>
        <source>Something went wrong inside Waystation. The log file says what.</source>
        <translation>驿站内部出错，详情见日志文件。</translation>
    </message>
    <message>
        <source>The conversation is longer than the model can read. Shorten it (in Codex: /compact), or start a new one.</source>
        <translation>对话超出了模型能读取的长度。请压缩它（Codex 里用 /compact），或新开一个对话。</translation>
    </message>
    <message>
        <source>The request was larger than Waystation takes. Start a new conversation, or send less at once.</source>
        <translation>请求超过了驿站接受的大小。请新开一个对话，或减少一次发送的内容。</translation>
    </message>
    <message>
        <source>The request was not as the interface wants it. The client was told which part; change it there.</source>
        <translation>请求不符合接口的要求。具体是哪一部分已告知客户端，请在那里修改。</translation>
    </message>
    <message>
        <source>The request did not arrive whole, or could not be read. Look at the client, or what is between.</source>
        <translation>请求没有完整到达，或无法读取。请检查客户端以及中间的网络设备。</translation>
    </message>
    <message>
        <source>Upstream refused the request ({code}). The client was told what upstream says about it.</source>
        <translation>上游拒绝了请求（{code}）。上游的说明已转告客户端。</translation>
    </message>
</context>
<context>
    <name>FailuresInShort</name>
    <message>
        <source>at its limit</source>
        <translation>已达上限</translation>
    </message>
    <message>
        <source>asked to slow down</source>
        <translation>请求过快</translation>
    </message>
    <message>
        <source>login refused</source>
        <translation>登录被拒</translation>
    </message>
    <message>
        <source>API key refused</source>
        <translation>API 密钥被拒</translation>
    </message>
    <message>
        <source>account closed</source>
        <translation>账号已停用</translation>
    </message>
    <message>
        <source>no credit, or not in its plan</source>
        <translation>余额不足或套餐不含</translation>
    </message>
    <message>
        <source>refused by upstream</source>
        <translation>被上游拒绝</translation>
    </message>
    <message>
        <source>does not have this model</source>
        <translation>不能使用该模型</translation>
    </message>
    <message>
        <source>cannot read what another account sealed</source>
        <translation>读不了其他账号加密的内容</translation>
    </message>
    <message>
        <source>upstream not reached</source>
        <translation>连不上上游</translation>
    </message>
    <message>
        <source>no answer in time</source>
        <translation>应答超时</translation>
    </message>
    <message>
        <source>answer broken off</source>
        <translation>回答中断</translation>
    </message>
    <message>
        <source>refused by Cloudflare</source>
        <translation>被 Cloudflare 拒绝</translation>
    </message>
    <message>
        <source>region not served</source>
        <translation>地区不受支持</translation>
    </message>
    <message>
        <source>trouble at upstream</source>
        <translation>上游故障</translation>
    </message>
    <message>
        <source>license&apos;s budget used up</source>
        <translation>许可证额度用完</translation>
    </message>
    <message>
        <source>no token can serve</source>
        <translation>没有可用的 Token</translation>
    </message>
    <message>
        <source>session is pinned</source>
        <translation>会话已固定</translation>
    </message>
    <message>
        <source>new conversation needed</source>
        <translation>需要新开对话</translation>
    </message>
    <message>
        <source>moved meanwhile</source>
        <translation>会话已移走</translation>
    </message>
    <message>
        <source>gateway stopped</source>
        <translation>网关已停止</translation>
    </message>
    <message>
        <source>error in Waystation</source>
        <translation>驿站内部出错</translation>
    </message>
    <message>
        <source>too long for the model</source>
        <translation>超出模型长度</translation>
    </message>
    <message>
        <source>request too large</source>
        <translation>请求过大</translation>
    </message>
    <message>
        <source>request not understood</source>
        <translation>请求有误</translation>
    </message>
    <message>
        <source>request not readable</source>
        <translation>请求无法读取</translation>
    </message>
    <message>
        <source>answer {status}</source>
        <translation>应答 {status}</translation>
    </message>
</context>
<context>
    <name>FilterBar</name>
    <message>
        <source>{shown} of {total} shown</source>
        <translation>显示 {shown} / {total}</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>显示全部</translation>
    </message>
    <message>
        <source>Nothing matches</source>
        <translation>没有匹配项</translation>
    </message>
    <message>
        <source>There are others, but none that you look for here.</source>
        <translation>列表里还有其他内容，但没有符合当前条件的。</translation>
    </message>
</context>
<context>
    <name>FirstSteps</name>
    <message>
        <source>Codex connected</source>
        <extracomment>The first one that is open.</extracomment>
        <translation>Codex 已接入</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>已接入</translation>
    </message>
    <message>
        <source>last request {time}</source>
        <translation>最近一次请求 {time}</translation>
    </message>
    <message>
        <source>last request {time} on {token}</source>
        <translation>最近一次请求 {time}，使用“{token}”</translation>
    </message>
</context>
<context>
    <name>GatewayPanel</name>
    <message>
        <source>&amp;Start</source>
        <translation>启动(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
</context>
<context>
    <name>Gauge</name>
    <message>
        <source>resets {time}</source>
        <extracomment>Less left than this, in percent, is little.</extracomment>
        <translation>{time} 重置</translation>
    </message>
    <message>
        <source>at this pace until {time}</source>
        <translation>照此速度可用到 {time}</translation>
    </message>
    <message>
        <source>Used up</source>
        <translation>已用完</translation>
    </message>
    <message>
        <source>Low: {percent} left</source>
        <translation>仅剩 {percent}</translation>
    </message>
    <message>
        <source>{percent} left</source>
        <translation>剩余 {percent}</translation>
    </message>
</context>
<context>
    <name>GuideSteps</name>
    <message>
        <source>Install the newest Codex: yours was not tried.</source>
        <translation>安装最新的 Codex：现有的版本没有测试过。</translation>
    </message>
    <message>
        <source>Install Codex, or brew install codex.</source>
        <translation>安装 Codex（也可用 brew install codex）。</translation>
    </message>
    <message>
        <source>Paste the full set-up into your terminal. OPENAI_BASE_URL and OPENAI_API_KEY alone must not be used: from 0.120 on Codex ignores the first, and sends your requests, and a key saved from the second, to api.openai.com.</source>
        <translation>把完整配置粘贴到终端。不能只设 OPENAI_BASE_URL 和 OPENAI_API_KEY：从 0.120 起 Codex 忽略前者，会把请求连同由后者保存的密钥发送到 api.openai.com。</translation>
    </message>
    <message>
        <source>Set the two variables in your terminal.</source>
        <translation>在终端里设置这两个变量。</translation>
    </message>
    <message>
        <source>Start Codex in the same terminal.</source>
        <translation>在同一个终端里启动 Codex。</translation>
    </message>
    <message>
        <source>No sign-in screen comes. If one does, the text is missing in that terminal: leave it with Ctrl-C, and save no key there.</source>
        <translation>不会出现登录界面。如果出现，说明该终端里没有粘贴文本：请按 Ctrl-C 退出，不要在那里保存密钥。</translation>
    </message>
    <message>
        <source>Press 2, then Enter: the license is filled in already, and Codex saves it.</source>
        <translation>按 2，再按回车：许可证会自动填好，并由 Codex 保存。</translation>
    </message>
    <message>
        <source>Press 3, then Enter: the license is filled in already, and Codex saves it. 2 is a device code for OpenAI&apos;s own sign-in here.</source>
        <translation>按 3，再按回车：许可证会自动填好，并由 Codex 保存。这个版本的 2 是 OpenAI 自己的设备码登录。</translation>
    </message>
    <message>
        <source>Choose the line with the API key, 2 or 3, then Enter: the license is filled in already, and Codex saves it.</source>
        <translation>选择 API key 那一项（2 或 3），再按回车：许可证会自动填好，并由 Codex 保存。</translation>
    </message>
</context>
<context>
    <name>Held</name>
    <message>
        <source>{number} waiting until {time}</source>
        <translation>{number} 个请求候车至 {time}</translation>
    </message>
</context>
<context>
    <name>HoursChart</name>
    <message>
        <source>Tokens and requests hour by hour</source>
        <translation>每小时的 Token 用量与请求数</translation>
    </message>
    <message numerus="yes">
        <source>%n request(s)</source>
        <translation>
            <numerusform>%n 个请求</numerusform>
        </translation>
    </message>
    <message>
        <source>{requests}, {failed} failed</source>
        <translation>{requests}，其中 {failed} 个失败</translation>
    </message>
    <message>
        <source>Input: {tokens} tokens, {cached} of them from the cache</source>
        <translation>输入：{tokens} Token，其中 {cached} 来自缓存</translation>
    </message>
    <message>
        <source>Output: {tokens} tokens</source>
        <translation>输出：{tokens} Token</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>Input from the cache</source>
        <translation>缓存命中的输入</translation>
    </message>
    <message>
        <source>Output</source>
        <translation>输出</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>The arrow keys go from hour to hour.</source>
        <translation>用方向键逐小时查看。</translation>
    </message>
</context>
<context>
    <name>ImportWarnings</name>
    <message>
        <source>The refresh token is used up now: a program that still has it, such as a Codex CLI, must sign in again.</source>
        <translation>这个 refresh token 已经用掉：仍持有它的程序（例如 Codex CLI）需要重新登录。</translation>
    </message>
    <message>
        <source>The login works, but it could not be stored yet: see that the disk has room and can be written, and leave Waystation running until then.</source>
        <translation>登录可用，但暂时无法保存：请确认磁盘有剩余空间且可写入，保存之前请让驿站保持运行。</translation>
    </message>
    <message>
        <source>This is an older copy of a login that is here already, so its secrets were left as they are.</source>
        <translation>这是已有登录的旧副本，因此保留了现有凭据。</translation>
    </message>
    <message>
        <source>It comes without a refresh token: when it ends, it must be added again.</source>
        <translation>它不含 refresh token：到期后需要重新添加。</translation>
    </message>
    <message>
        <source>This access token has ended and comes without a refresh token: sign in again.</source>
        <translation>这个 access token 已过期，又不含 refresh token：请重新登录。</translation>
    </message>
</context>
<context>
    <name>KeyDialog</name>
    <message>
        <source>Add a key or a login</source>
        <translation>添加密钥或登录</translation>
    </message>
    <message>
        <source>&amp;Key or login:</source>
        <translation>密钥或登录(&amp;K)：</translation>
    </message>
    <message>
        <source>Type or paste it here</source>
        <translation>在此输入或粘贴</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>添加(&amp;A)</translation>
    </message>
    <message>
        <source>An OpenAI API key (sk-…), a ChatGPT access or refresh token, or the whole text of Codex&apos;s auth.json. It is checked with OpenAI, kept sealed on this computer, and never shown.</source>
        <translation>可以是 OpenAI API 密钥（sk-…）、ChatGPT 的 access token 或 refresh token，或者 Codex 的 auth.json 全文。它会先经 OpenAI 验证，然后加密保存在本机，不会显示出来。</translation>
    </message>
    <message>
        <source>Nothing that Waystation knows so far.</source>
        <translation>目前还认不出这是什么。</translation>
    </message>
    <message>
        <source>Recognised: a ChatGPT refresh token.</source>
        <translation>已识别：ChatGPT 的 refresh token。</translation>
    </message>
    <message>
        <source>Recognised: an OpenAI API key.</source>
        <translation>已识别：OpenAI API 密钥。</translation>
    </message>
    <message>
        <source>Recognised: a ChatGPT login.</source>
        <translation>已识别：ChatGPT 登录。</translation>
    </message>
</context>
<context>
    <name>LicenseCard</name>
    <message>
        <source>Key, hidden</source>
        <translation>密钥（已隐藏）</translation>
    </message>
    <message>
        <source>Copy key</source>
        <translation>复制密钥</translation>
    </message>
    <message>
        <source>&amp;Edit…</source>
        <translation>编辑(&amp;E)…</translation>
    </message>
    <message>
        <source>R&amp;otate…</source>
        <translation>更换密钥(&amp;O)…</translation>
    </message>
    <message>
        <source>&amp;Revoke…</source>
        <translation>吊销(&amp;R)…</translation>
    </message>
    <message>
        <source>About this license</source>
        <translation>关于此许可证</translation>
    </message>
    <message>
        <source>Key:</source>
        <translation>密钥：</translation>
    </message>
    <message>
        <source>Revoked at {time}: it lets nobody in any more.</source>
        <translation>已于 {time} 吊销，不能再用于接入。</translation>
    </message>
    <message>
        <source>Expired: it lets nobody in. Edit it to give it more time.</source>
        <translation>已到期，不能用于接入。编辑后可延长期限。</translation>
    </message>
    <message>
        <source>Its budget of today is used up: it lets in again after midnight. Edit it to give it more.</source>
        <translation>今日额度已用完，零点后恢复。编辑后可提高额度。</translation>
    </message>
    <message>
        <source>It lets in until {time}.</source>
        <translation>有效期至 {time}。</translation>
    </message>
    <message>
        <source>It lets in until it is revoked.</source>
        <translation>吊销前一直有效。</translation>
    </message>
</context>
<context>
    <name>LicenseDialog</name>
    <message>
        <source>New license</source>
        <translation>新建许可证</translation>
    </message>
    <message>
        <source>Edit license</source>
        <translation>编辑许可证</translation>
    </message>
    <message>
        <source>Such as “Ann&apos;s laptop”</source>
        <translation>例如“小王的笔记本”</translation>
    </message>
    <message>
        <source>E&amp;xpires after</source>
        <translation>有效期至(&amp;X)</translation>
    </message>
    <message>
        <source>Last day</source>
        <translation>最后一天</translation>
    </message>
    <message>
        <source>&amp;Daily budget</source>
        <translation>每日额度(&amp;D)</translation>
    </message>
    <message>
        <source>Tokens a day</source>
        <translation>每日 token 数</translation>
    </message>
    <message>
        <source>Such as 500k or 2M</source>
        <translation>例如 50万 或 200万</translation>
    </message>
    <message>
        <source>Create and copy key</source>
        <translation>创建并复制密钥</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>&amp;Label:</source>
        <translation>名称(&amp;L)：</translation>
    </message>
    <message>
        <source>Who or what uses it. One for each client or device.</source>
        <translation>谁在用、用在哪里。每个客户端或设备各用一个。</translation>
    </message>
    <message>
        <source>It lets in until the end of that day.</source>
        <translation>当天结束前均可接入。</translation>
    </message>
    <message>
        <source>Tokens of text, in and out, from midnight to midnight. When they are used up, requests are refused.</source>
        <translation>每天零点到零点之间输入与输出的文本 token 总数。用完后，请求会被拒绝，直到零点。</translation>
    </message>
    <message>
        <source>Write a label, so that you know later whose license it is.</source>
        <translation>请填写名称，以便日后知道这是谁的许可证。</translation>
    </message>
    <message>
        <source>Write the daily budget such as 2000000, 500k or 1.5M.</source>
        <translation>请填写每日额度，例如 2000000、50万 或 500k。</translation>
    </message>
    <message>
        <source>Choose today or a later day.</source>
        <translation>请选择今天或以后的日期。</translation>
    </message>
</context>
<context>
    <name>LicenseOperations</name>
    <message>
        <source>The full set-up for {shell} with the license “{label}” is copied. Send it in a way that only your colleague can read.</source>
        <translation>已复制 {shell} 的完整配置，其中含许可证“{label}”。请通过只有同事能看到的方式发送。</translation>
    </message>
    <message>
        <source>The key of “{label}” is copied.</source>
        <translation>已复制“{label}”的密钥。</translation>
    </message>
    <message>
        <source>“{label}” has a new key, and it is copied. The old one lets nobody in any more.</source>
        <translation>“{label}”已更换密钥，新密钥已复制；旧密钥已失效。</translation>
    </message>
</context>
<context>
    <name>Licenses</name>
    <message>
        <source>never</source>
        <translation>从未</translation>
    </message>
    <message>
        <source>no budget</source>
        <translation>不限额</translation>
    </message>
    <message>
        <source>created {time}</source>
        <translation>创建于 {time}</translation>
    </message>
    <message>
        <source>Revoked</source>
        <translation>已吊销</translation>
    </message>
    <message>
        <source>Expired</source>
        <translation>已到期</translation>
    </message>
    <message>
        <source>Budget used up</source>
        <translation>今日额度已用完</translation>
    </message>
    <message>
        <source>Valid</source>
        <translation>有效</translation>
    </message>
    <message>
        <source>this computer</source>
        <translation>本机</translation>
    </message>
    <message>
        <source>{used} of {budget}</source>
        <translation>{used} / {budget}</translation>
    </message>
    <message>
        <source>Not used in the last 30 days.</source>
        <translation>最近 30 天没有使用。</translation>
    </message>
    <message>
        <source>Requests in the last 30 days: {turns}. Tokens in: {input}, of them cached: {cached}; out: {output}.</source>
        <translation>最近 30 天：{turns} 次请求，输入 {input} token（其中缓存 {cached}），输出 {output} token。</translation>
    </message>
    <message>
        <source>no expiry</source>
        <translation>长期有效</translation>
    </message>
    <message>
        <source>{used} tokens since midnight; no daily budget</source>
        <translation>今日零点以来 {used} token；不限额</translation>
    </message>
    <message>
        <source>{used} tokens since midnight, of {budget} a day</source>
        <translation>今日零点以来 {used} token；每日额度 {budget}</translation>
    </message>
</context>
<context>
    <name>LicensesModel</name>
    <message numerus="yes">
        <source>%n request(s)</source>
        <translation>
            <numerusform>%n 次请求</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LicensesPage</name>
    <message>
        <source>Licenses</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>A license is the key with which a client enters. Give each client or device its own.</source>
        <translation>许可证是客户端接入时使用的密钥。请为每个客户端或每台设备单独创建一个。</translation>
    </message>
    <message>
        <source>Show re&amp;voked ones ({number})</source>
        <translation>显示已吊销的（{number}）(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;New license…</source>
        <translation>新建许可证(&amp;N)…</translation>
    </message>
    <message>
        <source>Copy for a &amp;colleague…</source>
        <translation>复制给同事(&amp;C)…</translation>
    </message>
    <message>
        <source>No license yet</source>
        <translation>还没有许可证</translation>
    </message>
    <message>
        <source>This computer gets its own by itself, as soon as you copy its set-up. Make others for colleagues and devices: then you see what each uses, and can limit or revoke it alone.</source>
        <translation>复制本机配置时，会自动为本机创建许可证。请为同事和其他设备另建许可证：这样可以看到各自的用量，并单独限额或吊销。</translation>
    </message>
    <message>
        <source>The license “{label}” is made, and its key is copied.</source>
        <translation>已创建许可证“{label}”，密钥已复制。</translation>
    </message>
    <message>
        <source>Rotate license</source>
        <translation>更换密钥</translation>
    </message>
    <message>
        <source>Give “{label}” a new key?</source>
        <translation>要为“{label}”更换密钥吗？</translation>
    </message>
    <message>
        <source>Rotate and copy</source>
        <translation>更换并复制</translation>
    </message>
    <message>
        <source>The key that it has now stops at once: every client that uses it is refused until it is set up with the new one. Requests that run now end normally. Label, expiry, budget and what it used stay.</source>
        <translation>现有密钥立即失效：使用它的客户端都会被拒绝，直到改用新密钥。正在进行的请求会正常结束。名称、到期日、额度和用量记录不变。</translation>
    </message>
    <message>
        <source>Revoke license</source>
        <translation>吊销许可证</translation>
    </message>
    <message>
        <source>Let “{label}” in no more?</source>
        <translation>要吊销“{label}”吗？</translation>
    </message>
    <message>
        <source>Revoke</source>
        <translation>吊销</translation>
    </message>
    <message>
        <source>Every client that uses it is refused from now on; requests that run now end normally. This cannot be taken back: make a new license instead.</source>
        <translation>从现在起，使用它的客户端都会被拒绝；正在进行的请求会正常结束。吊销后无法恢复，只能新建许可证。</translation>
    </message>
</context>
<context>
    <name>LogFoot</name>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>正在读取…</translation>
    </message>
    <message numerus="yes">
        <source>%n request(s), all that are kept.</source>
        <translation>
            <numerusform>共 %n 个请求，这是保留的全部记录。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The newest %n request(s). The export has the older ones, too.</source>
        <translation>
            <numerusform>最近 %n 个请求。更早的可通过导出查看。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The newest %n request(s). Older ones come when you scroll down.</source>
        <translation>
            <numerusform>最近 %n 个请求。向下滚动会载入更早的。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LoginSection</name>
    <message>
        <source>Login and way</source>
        <translation>登录与线路</translation>
    </message>
    <message>
        <source>Login until</source>
        <translation>登录有效期至</translation>
    </message>
    <message>
        <source>Renewed</source>
        <translation>上次续期</translation>
    </message>
    <message>
        <source>Codex renews it in</source>
        <translation>由 Codex 续期于</translation>
    </message>
    <message>
        <source>Way upstream</source>
        <translation>上游线路</translation>
    </message>
    <message>
        <source>Upstream&apos;s code</source>
        <translation>上游代码</translation>
    </message>
    <message>
        <source>same as Waystation</source>
        <translation>与驿站相同</translation>
    </message>
</context>
<context>
    <name>LooksSection</name>
    <message>
        <source>Appearance and start</source>
        <translation>外观与启动</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Notify me when something needs me</source>
        <translation>需要我处理时通知我</translation>
    </message>
    <message>
        <source>Start Waystation when I sign in to this computer</source>
        <translation>登录系统时启动驿站</translation>
    </message>
    <message>
        <source>Start the gateway with Waystation</source>
        <translation>打开驿站时启动网关</translation>
    </message>
    <message>
        <source>Run the gateway on a thread of its own</source>
        <translation>让网关在独立线程中运行</translation>
    </message>
    <message>
        <source>Language:</source>
        <translation>语言：</translation>
    </message>
    <message>
        <source>Theme:</source>
        <translation>主题：</translation>
    </message>
    <message>
        <source>No token left, a sign-in needed, a port taken, the gateway stopped; each every 10 minutes at most.</source>
        <translation>没有可用的 Token、需要重新登录、端口被占用、网关停止；同类通知最多每 10 分钟一次。</translation>
    </message>
    <message>
        <source>From the next start on. Try it where answers stutter while the window is used.</source>
        <translation>下次启动时生效。如果操作窗口时回答卡顿，可以试试。</translation>
    </message>
    <message>
        <source>Nothing starts at sign-in now: {program} was moved or removed. Tick the box to start this copy.</source>
        <translation>目前登录时不会启动任何程序：{program} 已被移动或删除。勾选后改为启动当前这一份。</translation>
    </message>
    <message>
        <source>Another copy starts at sign-in now: {program}. Tick the box to start this one instead.</source>
        <translation>目前登录时启动的是另一份程序：{program}。勾选后改为启动当前这一份。</translation>
    </message>
    <message>
        <source>It now starts with other options, such as another data folder. Tick the box to start it as it runs now.</source>
        <translation>目前登录时启动用的是其他选项，例如别的数据文件夹。勾选后按当前的选项启动。</translation>
    </message>
    <message>
        <source>Waystation was started with {variables}. At sign-in this counts only if it is set for your whole session, not just in a terminal.</source>
        <translation>本次启动时设置了 {variables}。只在终端里设置的话，登录时启动不会生效；要为整个登录会话设置才行。</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Waystation (practice)</source>
        <translation>驿站 Waystation（练习模式）</translation>
    </message>
    <message>
        <source>Waystation</source>
        <translation>驿站 Waystation</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>页面</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>概览</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Set up Codex</source>
        <translation>配置 Codex</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Licenses</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Practice: a simulated upstream answers, the tokens are samples, and everything is gone when you quit.</source>
        <translation>练习模式：由模拟的上游应答，Token 均为示例，退出后所有数据都会清除。</translation>
    </message>
    <message>
        <source>Start for real</source>
        <translation>正式开始使用</translation>
    </message>
    <message>
        <source>Waystation ended unexpectedly at {time}. A report without secrets can help to mend it.</source>
        <translation>驿站于 {time} 意外退出。一份不含机密的报告有助于修复问题。</translation>
    </message>
    <message>
        <source>Copy the report</source>
        <translation>复制报告</translation>
    </message>
    <message>
        <source>This desktop shows no tray icons, so Waystation lives in this window: closing it minimises it, Ctrl+Q quits.</source>
        <translation>当前桌面不显示托盘图标，驿站将保留此窗口：关闭窗口会将其最小化，按 Ctrl+Q 退出。</translation>
    </message>
    <message>
        <source>The address is copied.</source>
        <translation>地址已复制。</translation>
    </message>
    <message>
        <source>It is copied.</source>
        <translation>已复制。</translation>
    </message>
    <message>
        <source>Use a new key</source>
        <translation>使用新密钥</translation>
    </message>
    <message>
        <source>Go on with a new key?</source>
        <translation>要改用新密钥吗？</translation>
    </message>
    <message>
        <source>What the lost key sealed stays in the list, but cannot be opened any more: add those tokens again, and copy the set-up again, since it gets a new license.</source>
        <translation>由丢失的密钥加密的 Token 仍留在列表中，但无法再解密：请重新添加这些 Token，并重新复制配置，因为许可证会更换。</translation>
    </message>
</context>
<context>
    <name>ModelDialog</name>
    <message>
        <source>New name for a model</source>
        <translation>新的模型名称</translation>
    </message>
    <message>
        <source>What a name means</source>
        <translation>名称对应的模型</translation>
    </message>
    <message>
        <source>Such as “fast”</source>
        <translation>例如“fast”</translation>
    </message>
    <message>
        <source>Choose one, or type its name</source>
        <translation>选择模型，或输入名称</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>&amp;Name:</source>
        <translation>名称(&amp;N)：</translation>
    </message>
    <message>
        <source>What clients ask for. With an effort at its end, such as -high, it works too.</source>
        <translation>客户端请求时使用的名称。末尾加上推理强度（例如 -high）同样有效。</translation>
    </message>
    <message>
        <source>&amp;Model:</source>
        <translation>模型(&amp;M)：</translation>
    </message>
    <message>
        <source>What OpenAI is asked for in its place.</source>
        <translation>实际向 OpenAI 请求的模型。</translation>
    </message>
    <message>
        <source>&amp;Effort:</source>
        <translation>推理强度(&amp;E)：</translation>
    </message>
    <message>
        <source>as the client asks</source>
        <translation>由客户端决定</translation>
    </message>
    <message>
        <source>Write the name that clients shall ask for.</source>
        <translation>请填写客户端使用的名称。</translation>
    </message>
    <message>
        <source>You have this name already; edit it in the table.</source>
        <translation>这个名称已经有了，请在表格里编辑。</translation>
    </message>
    <message>
        <source>Choose a model, or type its name.</source>
        <translation>请选择模型，或输入模型名称。</translation>
    </message>
</context>
<context>
    <name>ModelOperations</name>
    <message>
        <source>Whoever asks for {models} now gets {model}.</source>
        <translation>现在请求 {models} 时，改由 {model} 回答。</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
</context>
<context>
    <name>Models</name>
    <message>
        <source>on {part} of {all} tokens</source>
        <translation>{all} 个 Token 中有 {part} 个提供</translation>
    </message>
    <message>
        <source>Built in</source>
        <translation>内置</translation>
    </message>
    <message>
        <source>From OpenAI</source>
        <translation>OpenAI 提供</translation>
    </message>
    <message>
        <source>Yours</source>
        <translation>自定义</translation>
    </message>
    <message>
        <source>OpenAI no longer serves it</source>
        <translation>OpenAI 已停用</translation>
    </message>
    <message>
        <source>effort {effort}</source>
        <translation>推理强度 {effort}</translation>
    </message>
    <message>
        <source>effort by the name</source>
        <translation>推理强度由名称决定</translation>
    </message>
    <message>
        <source>effort as asked</source>
        <translation>推理强度由客户端决定</translation>
    </message>
</context>
<context>
    <name>ModelsSection</name>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Ask OpenAI again</source>
        <translation>重新向 OpenAI 查询</translation>
    </message>
    <message>
        <source>Names of models</source>
        <translation>模型名称</translation>
    </message>
    <message>
        <source>Search models</source>
        <translation>搜索模型</translation>
    </message>
    <message>
        <source>Add a name…</source>
        <translation>添加名称…</translation>
    </message>
    <message>
        <source>Edit…</source>
        <translation>编辑…</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>What clients may ask for on chat/completions. A name of your own can stand for any model, and can take the place of another name. Codex asks for models itself: nothing here changes that.</source>
        <translation>客户端在 chat/completions 上可以使用的名称。自定义名称可以代表任意模型，也可以取代已有的名称。Codex 自己决定用什么模型，不受这里影响。</translation>
    </message>
    <message>
        <source>Asking OpenAI which models it offers…</source>
        <translation>正在向 OpenAI 查询可用的模型…</translation>
    </message>
    <message>
        <source>OpenAI says which models it offers as soon as a token can serve.</source>
        <translation>有可用的 Token 之后，才能向 OpenAI 查询有哪些模型。</translation>
    </message>
    <message>
        <source>OpenAI has not said which models it offers. What is built in works all the same.</source>
        <translation>还没有从 OpenAI 查到有哪些模型。内置名称照样可以使用。</translation>
    </message>
    <message>
        <source>Use {model} instead</source>
        <translation>改用 {model}</translation>
    </message>
    <message>
        <source>“{name}” now means {model}.</source>
        <translation>“{name}”现在对应 {model}。</translation>
    </message>
    <message>
        <source>“{name}” is removed.</source>
        <translation>已移除“{name}”。</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
</context>
<context>
    <name>Moves</name>
    <message>
        <source>the former was disabled, removed or refused</source>
        <translation>前者已停用、移除或被拒绝</translation>
    </message>
    <message>
        <source>the former reached its limit</source>
        <translation>前者已达上限</translation>
    </message>
    <message>
        <source>on loan, since the former could not serve for a moment</source>
        <translation>临时借用，前者暂时不可用</translation>
    </message>
    <message>
        <source>on loan, since the former does not have this model</source>
        <translation>临时借用，前者不能使用该模型</translation>
    </message>
    <message>
        <source>on loan, since only an API key can serve the request</source>
        <translation>临时借用，该请求只有 API 密钥能处理</translation>
    </message>
    <message>
        <source>the loan is over</source>
        <translation>借用结束</translation>
    </message>
    <message>
        <source>the former is a spare, and is needed no more</source>
        <translation>前者是备用，已不再需要</translation>
    </message>
    <message>
        <source>you moved it</source>
        <translation>由你更换</translation>
    </message>
    <message>
        <source>it belongs there now</source>
        <translation>现在归属于此</translation>
    </message>
</context>
<context>
    <name>NetworkSection</name>
    <message>
        <source>Address</source>
        <translation>地址</translation>
    </message>
    <message>
        <source>Use this port</source>
        <translation>使用此端口</translation>
    </message>
    <message>
        <source>Port:</source>
        <translation>端口：</translation>
    </message>
    <message>
        <source>What clients were set up with keeps pointing to the old port: copy their set-up again.</source>
        <translation>已配置的客户端仍指向旧端口：请为它们重新复制配置。</translation>
    </message>
    <message>
        <source>Other computers on the local network may use it</source>
        <translation>允许局域网内的其他电脑使用</translation>
    </message>
    <message>
        <source>Off: only programs on this computer reach it.</source>
        <translation>已关闭：只有本机的程序能访问。</translation>
    </message>
    <message>
        <source>Others reach it at {addresses}</source>
        <translation>其他电脑的访问地址：{addresses}</translation>
    </message>
    <message>
        <source>This computer has no address on a local network now.</source>
        <translation>本机当前没有局域网地址。</translation>
    </message>
    <message>
        <source>Each needs a license of their own (page Licenses, “Copy for a colleague”). What they send is not encrypted on its way here: use it only in a network that you trust.</source>
        <translation>每台电脑都需要各自的许可证（见“许可证”页的“复制给同事”）。传输过程不加密，请只在可信的网络中使用。</translation>
    </message>
    <message>
        <source>Lately used from:</source>
        <translation>最近使用的电脑：</translation>
    </message>
    <message>
        <source>Local network</source>
        <translation>局域网</translation>
    </message>
    <message>
        <source>Let other computers use Waystation?</source>
        <translation>允许其他电脑使用驿站？</translation>
    </message>
    <message>
        <source>Let them</source>
        <translation>允许</translation>
    </message>
    <message>
        <source>Everybody with a license of yours can then spend your tokens from any computer that reaches this one. What they send is not encrypted on its way. Do this only in a network that you trust.</source>
        <translation>之后，持有你的许可证的任何人，都能从能访问本机的电脑上消耗你的 Token。传输过程不加密，请只在可信的网络中开启。</translation>
    </message>
</context>
<context>
    <name>Notes</name>
    <message>
        <source>Codex 0.120 and newer ignores OPENAI_BASE_URL and goes to api.openai.com. Use the full set-up instead.</source>
        <translation>Codex 0.120 及更新版本会忽略 OPENAI_BASE_URL，直接访问 api.openai.com。请改用完整配置。</translation>
    </message>
    <message>
        <source>If a license has been saved with codex login, Codex 0.120 and newer sends it to api.openai.com. This removes it.</source>
        <translation>如果曾用 codex login 保存过许可证，Codex 0.120 及更新版本会把它发送到 api.openai.com。以下命令可将其清除：</translation>
    </message>
    <message>
        <source>Codex up to 0.118 sends the key only after saving it: start codex, press 2 (3 where 2 is a device code) and Enter, or run this once. It replaces the login that Codex has saved.</source>
        <translation>Codex 0.118 及更早版本只有在保存密钥之后才会发送它：启动 codex，按 2（若 2 是设备码登录则按 3）再按回车；或执行一次以下命令。这会替换 Codex 已保存的登录信息。</translation>
    </message>
    <message>
        <source>Every program started from this terminal window can read OPENAI_API_KEY. One that does not read OPENAI_BASE_URL too sends your license to api.openai.com. The full set-up does not use these names.</source>
        <translation>从这个终端窗口启动的程序都能读到 OPENAI_API_KEY。如果某个程序不读取 OPENAI_BASE_URL，就会把你的许可证发送到 api.openai.com。完整配置不使用这两个变量名。</translation>
    </message>
    <message>
        <source>If HTTP_PROXY or ALL_PROXY is set, add the gateway&apos;s host to NO_PROXY. The full set-up does so.</source>
        <translation>如果设置了 HTTP_PROXY 或 ALL_PROXY，请把网关的主机加入 NO_PROXY。完整配置会自动处理。</translation>
    </message>
    <message>
        <source>The shell may keep what you paste, with the license, in its history file.</source>
        <translation>shell 可能会把粘贴的内容（包括许可证）记入历史文件。</translation>
    </message>
    <message>
        <source>Only codex typed in this terminal window goes through the gateway. Scripts, other windows and editors start the plain Codex.</source>
        <translation>只有在这个终端窗口中输入的 codex 才会经过网关。脚本、其他窗口和编辑器启动的仍是原来的 Codex。</translation>
    </message>
    <message>
        <source>codex resume lists only conversations that were begun this way.</source>
        <translation>codex resume 只会列出以这种方式开始的对话。</translation>
    </message>
    <message>
        <source>If config.toml selects a profile with a model_provider of its own, Codex up to 0.120 uses that one.</source>
        <translation>如果 config.toml 选用的 profile 自带 model_provider，Codex 0.120 及更早版本会优先使用它。</translation>
    </message>
    <message>
        <source>Where Windows forbids scripts, codex.cmd is started, and a prompt with &amp; | &lt; &gt; ^ % or quotes may arrive changed. This allows your own scripts.</source>
        <translation>如果 Windows 禁止运行脚本，启动的将是 codex.cmd，提示词中的 &amp; | &lt; &gt; ^ % 或引号可能会变样。以下命令允许运行你自己的脚本：</translation>
    </message>
    <message>
        <source>session_id names the conversation: requests with the same one stay on one token. Give each of yours its own.</source>
        <translation>session_id 是会话的名称：名称相同的请求始终使用同一个 Token。请为每个会话取不同的名称。</translation>
    </message>
    <message>
        <source>If HTTP_PROXY or ALL_PROXY is set, write --noproxy &quot;*&quot; after curl, or the request goes to that proxy.</source>
        <translation>如果设置了 HTTP_PROXY 或 ALL_PROXY，请在 curl 后加上 --noproxy &quot;*&quot;，否则请求会发往该代理。</translation>
    </message>
    <message>
        <source>Windows 10 and newer bring curl along. The text is written so that its quotes and Chinese characters arrive whole.</source>
        <translation>Windows 10 及更高版本自带 curl。命令已改写，引号和中文都能原样送达。</translation>
    </message>
    <message>
        <source>Up to 0.140 Codex forgets these settings where one of your own follows a command: write codex -c … exec, not codex exec -c ….</source>
        <translation>Codex 0.140 及更早的版本，如果你自己的 -c 写在子命令后面，就会丢掉这里的设置：请写 codex -c … exec，不要写 codex exec -c …。</translation>
    </message>
    <message>
        <source>Codex 0.169 then warns that it is running without the shared background server. That is harmless: such a server would not know this license.</source>
        <translation>这时 Codex 0.169 会警告正在不使用共享的后台服务（shared background server）运行。这没有关系：那个后台服务并不知道这个许可证。</translation>
    </message>
    <message>
        <source>The license then stands in a file that only you can read. To go back, remove that file: the text names it.</source>
        <translation>许可证会保存在一个只有你能读取的文件里。要恢复原样，删除该文件即可，文本中写有它的位置。</translation>
    </message>
    <message>
        <source>Windows keeps the license with your user&apos;s environment variables then, and every program that you start can read it. The text says how to remove it.</source>
        <translation>许可证会保存在 Windows 的用户环境变量里，你启动的每个程序都能读到它。文本中写有删除的方法。</translation>
    </message>
    <message>
        <source>Unless WSL shares the network of Windows (mirrored), the gateway must listen on all addresses (0.0.0.0), and the firewall of Windows must let it be reached.</source>
        <translation>除非 WSL 与 Windows 共用网络（mirrored 镜像模式），否则网关必须监听所有地址（0.0.0.0），并且 Windows 防火墙要允许访问它。</translation>
    </message>
    <message>
        <source>No Codex was found on this computer. This installs it.</source>
        <translation>这台电脑上没有找到 Codex。用下面的命令安装：</translation>
    </message>
    <message>
        <source>More than one Codex is installed. Your shell takes the first of them.</source>
        <translation>这台电脑上装了不止一个 Codex。终端使用的是其中第一个。</translation>
    </message>
    <message>
        <source>Codex cannot read its config.toml, and does not start. Correct the line that is named first.</source>
        <translation>Codex 读不了自己的 config.toml，因此无法启动。请先改正所指出的那一行。</translation>
    </message>
    <message>
        <source>A proxy of your environment stands between Codex and the gateway. Let Waystation write Codex&apos;s files, which puts the gateway&apos;s host into NO_PROXY there; or do so yourself: an asterisk does not stand for addresses such as 127.0.0.1.</source>
        <translation>环境变量里的代理挡在 Codex 和网关之间。可以让驿站写入 Codex 的文件，它会在那里把网关的主机加进 NO_PROXY；也可以自己加：其中的星号不包括 127.0.0.1 这样的 IP 地址。</translation>
    </message>
    <message>
        <source>A license stands in Codex&apos;s .env, and wins over the one of this text. If Waystation has written it there, this takes it back.</source>
        <translation>Codex 的 .env 里已有一个许可证，它优先于这段文本里的。如果是驿站写进去的，用这条命令撤销：</translation>
    </message>
    <message>
        <source>The license takes the place of the login that Codex has saved. To go back, sign in to Codex again.</source>
        <translation>许可证会取代 Codex 里已保存的登录。要恢复，请在 Codex 里重新登录。</translation>
    </message>
    <message>
        <source>Codex inside WSL has settings of its own: set it up there, with the text for WSL.</source>
        <translation>WSL 里的 Codex 有自己的一套设置：请在 WSL 里用 WSL 的文本单独设置。</translation>
    </message>
    <message>
        <source>This Codex is older than 0.42, and was not tried. This installs the newest.</source>
        <translation>这个 Codex 比 0.42 还旧，没有试过。用下面的命令安装最新版：</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Close this notice</source>
        <translation>关闭此提示</translation>
    </message>
    <message>
        <source>Other ways</source>
        <translation>其他办法</translation>
    </message>
</context>
<context>
    <name>Operations</name>
    <message>
        <source>It is copied, with your license.</source>
        <translation>已复制，含许可证。</translation>
    </message>
    <message>
        <source>The environment variables for {shell} are copied, with your license. From Codex 0.120 on they are not enough, and other programs may send the license to api.openai.com: use the full set-up.</source>
        <translation>已复制 {shell} 环境变量（包含你的许可证）。从 Codex 0.120 起，仅有环境变量还不够，其他程序也可能把许可证发往 api.openai.com，请使用完整配置。</translation>
    </message>
    <message>
        <source>The full set-up for {shell} is copied, with your license. Paste it and run codex.</source>
        <translation>已复制 {shell} 完整配置（包含你的许可证）。粘贴到终端后运行 codex 即可。</translation>
    </message>
    <message>
        <source>The curl command for {shell} is copied, with your license. Paste it into your terminal.</source>
        <translation>已复制 {shell} 的 curl 命令，其中含你的许可证。请粘贴到终端中运行。</translation>
    </message>
    <message>
        <source>Something unexpected went wrong. The log file says more.</source>
        <translation>发生了意外错误，详情请看日志文件。</translation>
    </message>
    <message>
        <source>Waystation is still starting, or is closing. Try again in a moment.</source>
        <translation>驿站正在启动或关闭，请稍后再试。</translation>
    </message>
</context>
<context>
    <name>Overview</name>
    <message>
        <source>Closing…</source>
        <translation>正在关闭…</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>正在启动…</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Port {port} is busy</source>
        <translation>端口 {port} 被占用</translation>
    </message>
    <message>
        <source>Could not start</source>
        <translation>启动失败</translation>
    </message>
    <message>
        <source>keyring unavailable</source>
        <translation>密钥环不可用</translation>
    </message>
    <message>
        <source>no token yet</source>
        <translation>尚无 Token</translation>
    </message>
    <message>
        <source>no usable token</source>
        <translation>没有可用的 Token</translation>
    </message>
    <message>
        <source>all tokens resting until {time}</source>
        <translation>所有 Token 冷却至 {time}</translation>
    </message>
    <message>
        <source>sign-in needed</source>
        <translation>需要重新登录</translation>
    </message>
    <message>
        <source>API key refused</source>
        <translation>API 密钥被拒</translation>
    </message>
</context>
<context>
    <name>OverviewPage</name>
    <message>
        <source>Overview</source>
        <translation>概览</translation>
    </message>
</context>
<context>
    <name>PartsDialog</name>
    <message>
        <source>Software that Waystation uses</source>
        <extracomment>Of Qt itself in `qt`, of Qt for Python in `QtForPython`.</extracomment>
        <translation>驿站使用的软件</translation>
    </message>
    <message>
        <source>Waystation itself is under the MIT license. It uses Qt {version} and Qt for Python under the GNU Lesser General Public License, version 3. They are dynamically linked libraries in the folder {folder}, and you may replace them by your own build. Their source code is at {source}</source>
        <translation>驿站本身采用 MIT 许可证。它使用的 Qt {version} 和 Qt for Python 采用 GNU 宽通用公共许可证（LGPL）第 3 版，以动态链接库的形式放在文件夹 {folder} 中，你可以换成自己编译的版本。其源代码见 {source}</translation>
    </message>
    <message>
        <source>Source code of Qt</source>
        <translation>Qt 的源代码</translation>
    </message>
</context>
<context>
    <name>PassphraseDialog</name>
    <message>
        <source>&amp;Passphrase:</source>
        <extracomment>Shorter ones are refused by the gateway too.</extracomment>
        <translation>口令(&amp;P)：</translation>
    </message>
    <message>
        <source>&amp;Again:</source>
        <translation>再输一次(&amp;A)：</translation>
    </message>
    <message>
        <source>At least {count} characters.</source>
        <translation>至少 {count} 个字符。</translation>
    </message>
    <message>
        <source>The two are not the same yet.</source>
        <translation>两次输入还不一致。</translation>
    </message>
</context>
<context>
    <name>PoolOperations</name>
    <message>
        <source>without a proxy</source>
        <translation>未经代理</translation>
    </message>
    <message>
        <source>through {proxy}</source>
        <translation>经由 {proxy}</translation>
    </message>
    <message>
        <source>A web page came in place of an answer of OpenAI ({status}), {way}. Cloudflare or the network stands between: try another proxy or network.</source>
        <translation>收到的是网页而不是 OpenAI 的回应（{status}），{way}。中间被 Cloudflare 或网络拦截：请换一个代理或网络。</translation>
    </message>
    <message>
        <source>OpenAI answers, {way}, after {duration}.</source>
        <translation>OpenAI 有回应，{way}，耗时 {duration}。</translation>
    </message>
    <message>
        <source>Every enabled token is tried again.</source>
        <translation>所有启用的 Token 都会重新尝试。</translation>
    </message>
    <message>
        <source>Waystation goes through {proxy} now.</source>
        <translation>驿站现在经由 {proxy} 访问上游。</translation>
    </message>
</context>
<context>
    <name>PoolSection</name>
    <message>
        <source>Tokens and requests</source>
        <translation>Token 与请求</translation>
    </message>
    <message>
        <source>balanced: most quota left first</source>
        <translation>均衡：优先用余量最多的</translation>
    </message>
    <message>
        <source>in order: the first until it is spent</source>
        <translation>按顺序：用完一个再用下一个</translation>
    </message>
    <message>
        <source> s</source>
        <translation> 秒</translation>
    </message>
    <message>
        <source>Strict pass-through: never edit a request</source>
        <translation>严格透传：绝不改动请求</translation>
    </message>
    <message>
        <source>Let Codex use a WebSocket</source>
        <translation>允许 Codex 使用 WebSocket</translation>
    </message>
    <message>
        <source>A new session gets:</source>
        <translation>新会话选用：</translation>
    </message>
    <message>
        <source>At the limit, wait:</source>
        <translation>全部到上限时候车：</translation>
    </message>
    <message>
        <source>How long a request of Codex waits at the station when every token is at its limit. A session keeps its token as long as that can serve, whatever is chosen here.</source>
        <translation>所有 Token 都到上限时，Codex 的请求最多等候多久。无论这里怎么选，会话都会一直用同一个 Token，直到它不能用为止。</translation>
    </message>
    <message>
        <source>Requests per token at a time:</source>
        <translation>每个 Token 的并发请求数：</translation>
    </message>
    <message>
        <source>Hold an answer&apos;s beginning for:</source>
        <translation>回答开头最多暂留：</translation>
    </message>
    <message>
        <source>Until then a failure can still be served by another token. 0 passes everything on at once.</source>
        <translation>在此期间若失败，还能换另一个 Token 重试。设为 0 则立即转发。</translation>
    </message>
    <message>
        <source>Plain API clients then see upstream&apos;s refusal where Waystation would help, and so do moved ones.</source>
        <translation>普通 API 客户端和换过 Token 的会话，会直接看到上游的拒绝，驿站不再代为调整。</translation>
    </message>
    <message>
        <source>Codex asks for one when its own provider is pointed here. Otherwise it sends single requests.</source>
        <translation>把 Codex 自带的 provider 指向这里时，它会先尝试 WebSocket；关闭后，它改为逐个发送请求。</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>测试</translation>
    </message>
    <message>
        <source>Try whether OpenAI answers; no token is used for it</source>
        <translation>试试 OpenAI 是否有回应；不会用到任何 Token</translation>
    </message>
    <message>
        <source>Proxy:</source>
        <translation>代理：</translation>
    </message>
    <message>
        <source>not at all</source>
        <translation>不等候</translation>
    </message>
    <message>
        <source>overnight (up to 6 hours)</source>
        <translation>通宵（最长 6 小时）</translation>
    </message>
    <message>
        <source>up to {minutes} minutes</source>
        <translation>最长 {minutes} 分钟</translation>
    </message>
    <message>
        <source>System proxy</source>
        <translation>系统代理</translation>
    </message>
    <message>
        <source>{proxy}…</source>
        <translation>{proxy}…</translation>
    </message>
    <message>
        <source>Proxy of Waystation</source>
        <translation>驿站的代理</translation>
    </message>
    <message>
        <source>&amp;System proxy, or HTTPS_PROXY</source>
        <translation>系统代理或 HTTPS_PROXY(&amp;S)</translation>
    </message>
</context>
<context>
    <name>Problems</name>
    <message>
        <source>No token has been added yet, so no request can be answered.</source>
        <translation>还没有添加 Token，因此无法应答任何请求。</translation>
    </message>
    <message>
        <source>Add token</source>
        <translation>添加 Token</translation>
    </message>
    <message>
        <source>No token can serve now: {reasons}.</source>
        <translation>目前没有可用的 Token：{reasons}。</translation>
    </message>
    <message>
        <source>Show tokens</source>
        <translation>查看 Token</translation>
    </message>
    <message>
        <source>Give up</source>
        <translation>放弃候车</translation>
    </message>
    <message>
        <source>Sign in again</source>
        <translation>重新登录</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>立即重试</translation>
    </message>
    <message>
        <source>A sign-in that was begun elsewhere is waiting for the user.</source>
        <translation>有一个从别处发起的登录正在等待完成。</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>OpenAI cannot be reached from here. A proxy seems to run on this computer.</source>
        <translation>从这里无法连接 OpenAI，而本机似乎运行着代理。</translation>
    </message>
    <message>
        <source>Use {proxy}</source>
        <translation>使用 {proxy}</translation>
    </message>
    <message>
        <source>Open data folder</source>
        <translation>打开数据文件夹</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Use port {port}</source>
        <translation>改用端口 {port}</translation>
    </message>
    <message>
        <source>Use a new key…</source>
        <translation>使用新密钥…</translation>
    </message>
    <message>
        <source>{problem} Nothing is stored until you have chosen where the key for your secrets is kept.</source>
        <translation>{problem}在你选定加密密钥的存放位置之前，不会保存任何机密数据。</translation>
    </message>
    <message>
        <source>This session only</source>
        <translation>仅本次运行</translation>
    </message>
    <message>
        <source>Key file (weaker)</source>
        <translation>密钥文件（安全性较低）</translation>
    </message>
    <message>
        <source>No token can serve now; the first is back at {time}.</source>
        <translation>目前没有可用的 Token，最早的一个在 {time} 恢复。</translation>
    </message>
    <message>
        <source>“{label}” no longer works: {reason}. Add a new key.</source>
        <translation>“{label}”已失效：{reason}。请添加新的密钥。</translation>
    </message>
    <message>
        <source>“{label}” needs a new sign-in: {reason}.</source>
        <translation>“{label}”需要重新登录：{reason}。</translation>
    </message>
    <message>
        <source>OpenAI no longer serves {models}.</source>
        <translation>OpenAI 已停用 {models}。</translation>
    </message>
    <message>
        <source>Use {model} instead</source>
        <translation>改用 {model}</translation>
    </message>
    <message>
        <source>Choose others</source>
        <translation>另选模型</translation>
    </message>
</context>
<context>
    <name>ProxyDialog</name>
    <message>
        <source>&amp;No proxy</source>
        <translation>不使用代理(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;This proxy:</source>
        <translation>使用这个代理(&amp;T)：</translation>
    </message>
    <message>
        <source>Address of the proxy</source>
        <translation>代理地址</translation>
    </message>
    <message>
        <source>http, https, socks5 or socks5h, such as socks5://host:1080</source>
        <translation>支持 http、https、socks5、socks5h，例如 socks5://host:1080</translation>
    </message>
    <message>
        <source>&amp;Forget the stored user and password</source>
        <translation>清除已保存的用户名和密码(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;User:</source>
        <translation>用户名(&amp;U)：</translation>
    </message>
    <message>
        <source>&amp;Password:</source>
        <translation>密码(&amp;P)：</translation>
    </message>
    <message>
        <source>unchanged</source>
        <translation>保持不变</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Write the user too: the password alone is of no use.</source>
        <translation>请同时填写用户名：只有密码无法登录代理。</translation>
    </message>
    <message>
        <source>Write the address of the proxy, such as http://127.0.0.1:7890.</source>
        <translation>请填写代理地址，例如 http://127.0.0.1:7890。</translation>
    </message>
</context>
<context>
    <name>QuotaCard</name>
    <message>
        <source>Quota</source>
        <extracomment>More tokens than these are only counted.</extracomment>
        <translation>额度</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>还有 %n 个</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QuotaSection</name>
    <message>
        <source>What is left</source>
        <translation>剩余额度</translation>
    </message>
    <message>
        <source>Credits: {balance}</source>
        <translation>积分：{balance}</translation>
    </message>
    <message>
        <source>As upstream said at {time}</source>
        <translation>上游于 {time} 报告</translation>
    </message>
    <message>
        <source>An API key has no windows: OpenAI bills what it uses.</source>
        <translation>API 密钥没有额度窗口，由 OpenAI 按用量计费。</translation>
    </message>
    <message>
        <source>Not known yet. Upstream says it with the first answer, or when you test the token.</source>
        <translation>尚不清楚。上游会在第一次回答时告知，测试此 Token 也能得知。</translation>
    </message>
</context>
<context>
    <name>Reasons</name>
    <message>
        <source>The session&apos;s own token.</source>
        <translation>会话归属的 Token。</translation>
    </message>
    <message>
        <source>A new session began on it.</source>
        <translation>新会话从它开始。</translation>
    </message>
    <message>
        <source>The request names no session; the token is for this request alone.</source>
        <translation>请求没有指明会话，这个 Token 只用于这一次请求。</translation>
    </message>
    <message>
        <source>The session&apos;s token was disabled, removed or refused, so the session moved here.</source>
        <translation>会话原来的 Token 已停用、移除或被拒绝，会话因此换到这里。</translation>
    </message>
    <message>
        <source>The session&apos;s token reached its limit, so the session moved here.</source>
        <translation>会话原来的 Token 已达上限，会话因此换到这里。</translation>
    </message>
    <message>
        <source>On loan: the session&apos;s token could not serve for a moment.</source>
        <translation>临时借用：会话归属的 Token 暂时不可用。</translation>
    </message>
    <message>
        <source>On loan: the session&apos;s token does not have this model.</source>
        <translation>临时借用：会话归属的 Token 不能使用该模型。</translation>
    </message>
    <message>
        <source>On loan: only an API key can serve this request.</source>
        <translation>临时借用：该请求只有 API 密钥能处理。</translation>
    </message>
    <message>
        <source>The loan is over: back on the session&apos;s own token.</source>
        <translation>借用结束，回到会话归属的 Token。</translation>
    </message>
    <message>
        <source>A spare had to serve before; now an ordinary token can again.</source>
        <translation>之前由备用 Token 顶替，现在普通 Token 又可用了。</translation>
    </message>
    <message>
        <source>You moved it here.</source>
        <translation>由你换到这里。</translation>
    </message>
</context>
<context>
    <name>ReleaseNews</name>
    <message>
        <source>Open the page</source>
        <translation>打开发布页面</translation>
    </message>
    <message>
        <source>Not this version</source>
        <translation>忽略此版本</translation>
    </message>
    <message>
        <source>Say nothing more of it; the next version is told of again</source>
        <translation>不再提醒此版本；有下一个版本时仍会提醒</translation>
    </message>
    <message>
        <source>The feed names no page that can be opened safely.</source>
        <translation>更新源没有给出可以安全打开的页面。</translation>
    </message>
    <message>
        <source>What is new is told on the page.</source>
        <translation>更新内容请见发布页面。</translation>
    </message>
    <message>
        <source>What is new in {version}</source>
        <translation>{version} 的更新内容</translation>
    </message>
</context>
<context>
    <name>RemovedDialog</name>
    <message>
        <source>Removed tokens</source>
        <translation>已移除的 Token</translation>
    </message>
    <message>
        <source>&amp;Can be restored:</source>
        <translation>可以恢复(&amp;C)：</translation>
    </message>
    <message>
        <source>A removed token keeps its sealed login for a week, with its name, its order and its proxy.</source>
        <translation>移除后，加密的登录信息连同名称、顺序和代理设置会再保留一周。</translation>
    </message>
    <message>
        <source>No token was removed in the last week.</source>
        <translation>最近一周没有移除过 Token。</translation>
    </message>
    <message>
        <source>&amp;Restore</source>
        <translation>恢复(&amp;R)</translation>
    </message>
    <message>
        <source>removed {when}, kept until {until}</source>
        <translation>{when} 移除，保留到 {until}</translation>
    </message>
</context>
<context>
    <name>RequestDetail</name>
    <message>
        <source>Details of the request</source>
        <translation>请求详情</translation>
    </message>
</context>
<context>
    <name>RequestText</name>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Client</source>
        <translation>客户端</translation>
    </message>
    <message>
        <source>License</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation>接口</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Why this token</source>
        <translation>选用原因</translation>
    </message>
    <message>
        <source>Try {number}</source>
        <translation>第 {number} 次尝试</translation>
    </message>
    <message>
        <source>Waited</source>
        <translation>等待</translation>
    </message>
    <message>
        <source>First byte</source>
        <translation>首字节</translation>
    </message>
    <message>
        <source>Total</source>
        <translation>总耗时</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>{request} sent, {response} answered</source>
        <translation>发送 {request}，返回 {response}</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Token 用量</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>请求体</translation>
    </message>
    <message>
        <source>SHA-256 received</source>
        <translation>收到的 SHA-256</translation>
    </message>
    <message>
        <source>SHA-256 sent</source>
        <translation>发出的 SHA-256</translation>
    </message>
    <message>
        <source>streamed</source>
        <translation>流式</translation>
    </message>
    <message>
        <source>upstream did not say</source>
        <translation>上游未告知</translation>
    </message>
    <message>
        <source>{input} read ({cached} from the cache), {output} written ({reasoning} reasoning)</source>
        <translation>输入 {input}（其中缓存 {cached}），输出 {output}（其中推理 {reasoning}）</translation>
    </message>
    <message>
        <source>Code: {code}</source>
        <translation>代码：{code}</translation>
    </message>
</context>
<context>
    <name>RequestsPage</name>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Each request with its token, times and result. What was said is never kept.</source>
        <translation>每个请求所用的 Token、耗时和结果。对话内容从不保存。</translation>
    </message>
    <message>
        <source>Search requests</source>
        <translation>搜索请求</translation>
    </message>
    <message>
        <source>Last requests</source>
        <translation>最近的请求</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>结果</translation>
    </message>
    <message>
        <source>All results</source>
        <translation>全部结果</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>All tokens</source>
        <translation>全部 Token</translation>
    </message>
    <message>
        <source>License</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>All licenses</source>
        <translation>全部许可证</translation>
    </message>
    <message>
        <source>Copy report</source>
        <translation>复制报告</translation>
    </message>
    <message>
        <source>What is shown here as JSON, to show to somebody who helps</source>
        <translation>以 JSON 复制这里的内容，便于请人协助排查</translation>
    </message>
    <message>
        <source>Set up &amp;Codex</source>
        <translation>配置 Codex(&amp;C)</translation>
    </message>
    <message>
        <source>No request yet</source>
        <translation>还没有请求</translation>
    </message>
    <message>
        <source>Each request gets one line here: when, on which token, how fast, and whether its body went out unchanged. What was said is never kept.</source>
        <translation>每个请求在这里占一行：时间、所用 Token、耗时，以及请求体是否原样转发。对话内容从不保存。</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>For spreadsheets (CSV)…</source>
        <translation>用于表格（CSV）…</translation>
    </message>
    <message>
        <source>For programs (JSON)…</source>
        <translation>用于程序（JSON）…</translation>
    </message>
    <message>
        <source>Exporting…</source>
        <translation>正在导出…</translation>
    </message>
    <message>
        <source>Tables (*.csv)</source>
        <translation>表格 (*.csv)</translation>
    </message>
    <message>
        <source>JSON (*.json)</source>
        <translation>JSON (*.json)</translation>
    </message>
    <message>
        <source>Export requests</source>
        <translation>导出请求</translation>
    </message>
    <message>
        <source>{file} cannot be written: {reason}. Choose another folder.</source>
        <translation>无法写入 {file}：{reason}。请选择其他文件夹。</translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) are written to {file}.</source>
        <translation>
            <numerusform>已将 %n 个请求写入 {file}。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RouteAdvice</name>
    <message>
        <source>Correct that file, then look again: nothing can be written into it before.</source>
        <translation>请先改正这个文件，再重新查找：改正之前无法写入。</translation>
    </message>
    <message>
        <source>One step is left: the command below saves the license.</source>
        <translation>还剩一步：用下面的命令保存许可证。</translation>
    </message>
    <message>
        <source>Recommended: let Waystation write it. It then shows how to save the license, too.</source>
        <translation>推荐：自动写入。之后它也会给出保存许可证的命令。</translation>
    </message>
    <message>
        <source>Codex is set up. Check whether it gets an answer.</source>
        <translation>Codex 已配置好。可以检查它能否得到回答。</translation>
    </message>
    <message>
        <source>Install it with this command, or with “brew install codex”, then look again. If it is installed in a place of its own, what is written below works all the same; for another computer, copy a text.</source>
        <translation>请用下面的命令或“brew install codex”安装，然后重新查找。如果 Codex 装在特殊位置，下面写入的配置同样有效；要用在另一台电脑上，请复制文本。</translation>
    </message>
    <message>
        <source>Recommended: the full set-up, copied into a terminal. It leaves the provider in config.toml as it is.</source>
        <translation>推荐：把完整配置粘贴到终端。config.toml 中的提供商保持不变。</translation>
    </message>
    <message>
        <source>Recommended: the full set-up, copied into a terminal.</source>
        <translation>推荐：把完整配置粘贴到终端。</translation>
    </message>
    <message>
        <source>Recommended: let Waystation write it. It then works in every terminal, in scripts and in editors, with every Codex from 0.42 on.</source>
        <translation>推荐：自动写入。这样在所有终端、脚本和编辑器里都有效，0.42 及以后的 Codex 均可用。</translation>
    </message>
    <message>
        <source>Recommended: {way}.</source>
        <translation>推荐：{way}。</translation>
    </message>
    <message>
        <source>a provider of its own in config.toml</source>
        <translation>config.toml 中的独立提供商</translation>
    </message>
    <message>
        <source>openai_base_url in config.toml</source>
        <translation>config.toml 中的 openai_base_url</translation>
    </message>
    <message>
        <source>the full set-up, copied into a terminal</source>
        <translation>粘贴到终端的完整配置</translation>
    </message>
    <message>
        <source>the environment variables</source>
        <translation>环境变量</translation>
    </message>
    <message>
        <source>own provider</source>
        <translation>独立提供商</translation>
    </message>
</context>
<context>
    <name>Sentences</name>
    <message>
        <source>This is not an API key: give the key alone, such as sk-….</source>
        <translation>这不是 API 密钥：请只提供密钥本身，例如 sk-…。</translation>
    </message>
    <message>
        <source>This is not a ChatGPT access token: it must have three parts with dots between, as in Codex&apos;s auth.json.</source>
        <translation>这不是 ChatGPT 的 access token：它应由圆点隔开的三部分组成，如 Codex 的 auth.json 中那样。</translation>
    </message>
    <message>
        <source>This access token does not name its ChatGPT account; sign in again and use the new one.</source>
        <translation>这个 access token 没有标明所属的 ChatGPT 账号，请重新登录并使用新的 access token。</translation>
    </message>
    <message>
        <source>This file is not JSON. Choose Codex&apos;s auth.json (usually ~/.codex/auth.json).</source>
        <translation>这个文件不是 JSON。请选择 Codex 的 auth.json（通常在 ~/.codex/auth.json）。</translation>
    </message>
    <message>
        <source>This file is not Codex&apos;s auth.json: it holds no object.</source>
        <translation>这个文件不是 Codex 的 auth.json：内容不是 JSON 对象。</translation>
    </message>
    <message>
        <source>This file holds neither a ChatGPT login nor an API key. Run `codex login`, then import it again.</source>
        <translation>这个文件里既没有 ChatGPT 登录信息，也没有 API 密钥。请运行 codex login，然后重新导入。</translation>
    </message>
    <message>
        <source>This is not an address for Codex: expected http://&lt;ip&gt;:&lt;port&gt;/codex/v1.</source>
        <translation>这不是 Codex 可用的地址，应为 http://&lt;IP&gt;:&lt;端口&gt;/codex/v1。</translation>
    </message>
    <message>
        <source>This address or license has a character that no shell text can carry safely.</source>
        <translation>地址或许可证中含有无法安全写入 shell 命令的字符。</translation>
    </message>
    <message>
        <source>A license key has 8 to 200 characters out of A-Z a-z 0-9 . _ ~ + / = and -.</source>
        <translation>许可证应为 8 到 200 个字符，只能包含 A-Z a-z 0-9 . _ ~ + / = 和 -。</translation>
    </message>
    <message>
        <source>This file holds a refresh token alone, and no access token.</source>
        <translation>这个文件里只有 refresh token，没有 access token。</translation>
    </message>
    <message>
        <source>This login is a personal access token of Codex, which cannot be shared with other programs. Sign in instead: waystation token sign-in</source>
        <translation>这是 Codex 的个人访问令牌，不能与其他程序共用。请改为在驿站登录。</translation>
    </message>
    <message>
        <source>This login is an agent identity of Codex, which belongs to that one program. Sign in instead: waystation token sign-in</source>
        <translation>这是 Codex 的 agent 身份，只属于那一个程序。请改为在驿站登录。</translation>
    </message>
    <message>
        <source>This login is for Amazon Bedrock, which Waystation does not speak to.</source>
        <translation>这个登录用于 Amazon Bedrock，驿站不支持。</translation>
    </message>
    <message>
        <source>This file names a ChatGPT login but does not hold it: Codex keeps it elsewhere, such as in the system&apos;s keyring. Sign in instead: waystation token sign-in</source>
        <translation>这个文件标明了 ChatGPT 登录，但登录信息不在其中：Codex 把它存在了别处，例如系统密钥环。请改为在驿站登录。</translation>
    </message>
    <message>
        <source>This is an access token, not a refresh token. Add it as an access token.</source>
        <translation>这是 access token，不是 refresh token。请作为 access token 添加。</translation>
    </message>
    <message>
        <source>This is an API key, not a refresh token. Add it as an API key.</source>
        <translation>这是 API 密钥，不是 refresh token。请作为 API 密钥添加。</translation>
    </message>
    <message>
        <source>This is not a refresh token: give it alone, as it stands in Codex&apos;s auth.json.</source>
        <translation>这不是 refresh token：请只提供 token 本身，与 Codex 的 auth.json 中一致。</translation>
    </message>
    <message>
        <source>Only a file with a ChatGPT login in it can be followed; import this without following.</source>
        <translation>只能跟随含有 ChatGPT 登录的文件；请直接导入，不要跟随。</translation>
    </message>
    <message>
        <source>The sign-in service gave no access token for this refresh token. Sign in instead.</source>
        <translation>登录服务没有为这个 refresh token 给出 access token。请改为登录。</translation>
    </message>
    <message>
        <source>This file is no backup of Waystation.</source>
        <translation>这个文件不是驿站的备份。</translation>
    </message>
    <message>
        <source>WAYSTATION_STRICT fixes strict pass-through; change it there.</source>
        <translation>严格透传由环境变量 WAYSTATION_STRICT 决定，请在那里修改。</translation>
    </message>
    <message>
        <source>Practice stays on this computer, so it asks nobody for new versions.</source>
        <translation>练习模式不离开这台电脑，因此不会检查新版本。</translation>
    </message>
    <message>
        <source>This build of Waystation knows of no release feed. Enter one in the settings, or in WAYSTATION_RELEASE_FEED.</source>
        <translation>这一版驿站没有自带更新源。请在设置中填写，或用 WAYSTATION_RELEASE_FEED 指定。</translation>
    </message>
    <message>
        <source>The release feed is an http or https address, without a user name or a fragment.</source>
        <translation>更新源须为 http 或 https 地址，不带用户名，也不带 # 及其后的部分。</translation>
    </message>
    <message>
        <source>The sign-in was cancelled.</source>
        <translation>登录已取消。</translation>
    </message>
    <message>
        <source>The sign-in was cancelled: another program asked for its port.</source>
        <translation>登录已取消：另一个程序要用它的端口。</translation>
    </message>
    <message>
        <source>Another sign-in was begun in its place.</source>
        <translation>已由新的登录取代。</translation>
    </message>
    <message>
        <source>This sign-in is over. Begin a new one.</source>
        <translation>这次登录已结束，请重新开始。</translation>
    </message>
    <message>
        <source>This sign-in does not wait for an address.</source>
        <translation>这次登录不需要粘贴地址。</translation>
    </message>
    <message>
        <source>An API key has no sign-in; add a new key instead.</source>
        <translation>API 密钥无需登录；请添加新的密钥。</translation>
    </message>
    <message>
        <source>The sign-in worked, but what it gave does not name a ChatGPT account. Try again.</source>
        <translation>登录成功，但返回的内容没有标明 ChatGPT 账号。请重试。</translation>
    </message>
    <message>
        <source>The code was not used in time. Start the sign-in again.</source>
        <translation>代码未在有效期内使用。请重新开始登录。</translation>
    </message>
    <message>
        <source>The sign-in did not work in the browser. Try again.</source>
        <translation>浏览器中的登录没有成功。请重试。</translation>
    </message>
    <message>
        <source>This address belongs to another sign-in. Use the sign-in page that Waystation gave you last.</source>
        <translation>这个地址属于另一次登录。请使用驿站最近一次给出的登录页。</translation>
    </message>
    <message>
        <source>Begin the proxy with http://, https://, socks5:// or socks5h://, such as http://127.0.0.1:7890; or write direct for none.</source>
        <translation>代理地址须以 http://、https://、socks5:// 或 socks5h:// 开头，例如 http://127.0.0.1:7890；不用代理则写 direct。</translation>
    </message>
    <message>
        <source>The proxy must not contain blanks; write it such as http://127.0.0.1:7890.</source>
        <translation>代理地址不能含有空格，请写成 http://127.0.0.1:7890 这样。</translation>
    </message>
    <message>
        <source>This is not the address of a proxy. Write it such as http://127.0.0.1:7890 or socks5://user:password@host:1080; in the password, write @ as %40, / as %2F, : as %3A and # as %23.</source>
        <translation>这不是代理地址。请写成 http://127.0.0.1:7890 或 socks5://user:password@host:1080 这样；密码中的 @ 写作 %40，/ 写作 %2F，: 写作 %3A，# 写作 %23。</translation>
    </message>
    <message>
        <source>The proxy needs a port: write it such as http://127.0.0.1:7890.</source>
        <translation>代理地址缺少端口，请写成 http://127.0.0.1:7890 这样。</translation>
    </message>
    <message>
        <source>User name and password of a SOCKS proxy are plain ASCII of at most 255 characters each.</source>
        <translation>SOCKS 代理的用户名和密码只能用 ASCII 字符，各不超过 255 个。</translation>
    </message>
    <message>
        <source>This token cannot be opened now, so nothing can be sealed with it.</source>
        <translation>这个 Token 目前无法解密，因此不能随它保存任何内容。</translation>
    </message>
</context>
<context>
    <name>SessionDetail</name>
    <message>
        <source>Timeline of the session</source>
        <translation>会话的时间线</translation>
    </message>
    <message>
        <source>Pinned to {home}</source>
        <translation>固定在 {home}</translation>
    </message>
    <message>
        <source>On {token}; from its next request on {home}</source>
        <translation>当前 {token}，从下一个请求起换到 {home}</translation>
    </message>
    <message>
        <source>On loan to {token} since {time}; belongs to {home}</source>
        <translation>归属 {home}，自 {time} 起暂由 {token} 应答</translation>
    </message>
    <message>
        <source>Belongs to {home}</source>
        <translation>归属 {home}</translation>
    </message>
</context>
<context>
    <name>SessionOperations</name>
    <message>
        <source>The session belongs to “{label}” now; its next request goes there.</source>
        <translation>会话现归属“{label}”，下一个请求将由它应答。</translation>
    </message>
</context>
<context>
    <name>SessionsPage</name>
    <message>
        <source>Live sessions</source>
        <translation>活跃会话</translation>
    </message>
    <message>
        <source>&amp;Forget…</source>
        <translation>清除绑定(&amp;F)…</translation>
    </message>
    <message>
        <source>Set up &amp;Codex</source>
        <translation>配置 Codex(&amp;C)</translation>
    </message>
    <message>
        <source>No session yet</source>
        <translation>还没有会话</translation>
    </message>
    <message>
        <source>A session is one conversation. It keeps its token until that token is at its limit or broken. Sessions appear here as soon as Codex or another client has sent its first request.</source>
        <translation>一个会话就是一次对话。会话会一直使用同一个 Token，直到该 Token 达到上限或异常才会切换。Codex 或其他客户端发出第一个请求后，会话就会显示在这里。</translation>
    </message>
    <message>
        <source>Conversations of the last 24 hours, and the token that serves each.</source>
        <translation>最近 24 小时的会话，以及各自使用的 Token。</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Search sessions</source>
        <translation>搜索会话</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>All states</source>
        <translation>全部状态</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>All tokens</source>
        <translation>全部 Token</translation>
    </message>
    <message>
        <source>Give up waiting</source>
        <translation>放弃候车</translation>
    </message>
    <message>
        <source>Keep waiting</source>
        <translation>继续候车</translation>
    </message>
    <message>
        <source>Move to</source>
        <translation>换到</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>取消固定</translation>
    </message>
    <message>
        <source>Pin</source>
        <translation>固定</translation>
    </message>
    <message>
        <source>Let it move again when its token is at its limit or broken</source>
        <translation>当它的 Token 达到上限或出错时，允许换到其他 Token</translation>
    </message>
    <message>
        <source>Keep it on its token, whatever happens to that</source>
        <translation>无论如何都留在当前归属的 Token 上</translation>
    </message>
    <message>
        <source>Forget session</source>
        <translation>清除会话绑定</translation>
    </message>
    <message>
        <source>Forget which token this session belongs to?</source>
        <translation>要清除这个会话与 Token 的绑定吗？</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>清除</translation>
    </message>
    <message>
        <source>Its next request gets the token that is least used. Nothing else is lost.</source>
        <translation>它的下一个请求会改用当前最空闲的 Token，其他内容不受影响。</translation>
    </message>
</context>
<context>
    <name>SessionsSection</name>
    <message>
        <source>Sessions on it</source>
        <translation>使用它的会话</translation>
    </message>
    <message>
        <source>None in the last 24 hours.</source>
        <translation>最近 24 小时没有会话。</translation>
    </message>
    <message>
        <source>Show this session: {name}</source>
        <translation>查看此会话：{name}</translation>
    </message>
</context>
<context>
    <name>SetUp</name>
    <message>
        <source>Here Codex&apos;s own files are not written.</source>
        <extracomment>As they were last seen: of the terminal, whose environment may not be this program&apos;s.</extracomment>
        <translation>这里不会写入 Codex 自己的文件。</translation>
    </message>
</context>
<context>
    <name>SetUpPage</name>
    <message>
        <source>Set up Codex</source>
        <translation>配置 Codex</translation>
    </message>
    <message>
        <source>Or copy a &amp;text</source>
        <translation>或者复制文本(&amp;T)</translation>
    </message>
</context>
<context>
    <name>SettingsOperations</name>
    <message>
        <source>Everything is in {path}, sealed by your passphrase. Nobody can open it without.</source>
        <extracomment>Listens on every address of the computer.</extracomment>
        <translation>已全部存入 {path}，并用你的口令加密。没有口令谁也打不开。</translation>
    </message>
    <message>
        <source>Left out, since they cannot be opened: {labels}.</source>
        <translation>以下因无法打开而未包含：{labels}。</translation>
    </message>
    <message>
        <source>{path} cannot be read: {problem}</source>
        <translation>无法读取 {path}：{problem}</translation>
    </message>
    <message>
        <source>Added: {tokens} tokens, {licenses} licenses. Already here: {tokens_known} tokens, {licenses_known} licenses.</source>
        <translation>已添加 {tokens} 个 Token、{licenses} 个许可证；原本就有 {tokens_known} 个 Token、{licenses_known} 个许可证。</translation>
    </message>
    <message>
        <source>A ChatGPT login works on one computer at a time. Where the other one goes on using these, sign in anew here: {labels}.</source>
        <translation>一个 ChatGPT 登录同一时间只能在一台电脑上使用。如果另一台电脑还要继续用，请在这里重新登录：{labels}。</translation>
    </message>
    <message>
        <source>There the gateway listened on {address}.</source>
        <translation>备份中的网关监听在 {address}。</translation>
    </message>
    <message>
        <source>No program opened the folder. It is {folder}</source>
        <translation>没有程序能打开这个文件夹。它的位置是 {folder}</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
</context>
<context>
    <name>SignInDialog</name>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Preparing the sign-in…</source>
        <translation>正在准备登录…</translation>
    </message>
    <message>
        <source>Sign in in your browser</source>
        <translation>请在浏览器中登录</translation>
    </message>
    <message>
        <source>Use a &amp;device code instead</source>
        <translation>改用设备码(&amp;D)</translation>
    </message>
    <message>
        <source>Type the code in a browser</source>
        <translation>请在浏览器中输入代码</translation>
    </message>
    <message>
        <source>Use the &amp;browser here instead</source>
        <translation>改用本机浏览器(&amp;B)</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>重试(&amp;T)</translation>
    </message>
    <message>
        <source>Use proxy {address}</source>
        <translation>使用代理 {address}</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>SignInLeader</name>
    <message>
        <source>Preparing the sign-in…</source>
        <extracomment>Upstream&apos;s reasons that are about the network, not about the account. Reasons after which only the other way is of use.</extracomment>
        <translation>正在准备登录…</translation>
    </message>
    <message>
        <source>Sign in with ChatGPT</source>
        <translation>用 ChatGPT 登录</translation>
    </message>
    <message>
        <source>Signed in. Fetching and keeping the login…</source>
        <translation>已登录，正在获取并保存登录信息…</translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation>已复制。</translation>
    </message>
</context>
<context>
    <name>SignInReasons</name>
    <message>
        <source>another program used this login</source>
        <extracomment>From this length on, in minutes, a window counts as the long one: a week, or a month on some plans.</extracomment>
        <translation>凭据已被其他程序用掉</translation>
    </message>
    <message>
        <source>the login is too old</source>
        <translation>登录已过期</translation>
    </message>
    <message>
        <source>the login was revoked</source>
        <translation>登录已被撤销</translation>
    </message>
    <message>
        <source>the login was ended</source>
        <translation>登录已被终止</translation>
    </message>
    <message>
        <source>the login is no longer valid</source>
        <translation>登录已失效</translation>
    </message>
    <message>
        <source>the account is deactivated</source>
        <translation>账号已被停用</translation>
    </message>
    <message>
        <source>the account is suspended</source>
        <translation>账号已被封禁</translation>
    </message>
    <message>
        <source>the account was deleted</source>
        <translation>账号已被删除</translation>
    </message>
    <message>
        <source>the workspace is deactivated</source>
        <translation>工作区已被停用</translation>
    </message>
    <message>
        <source>Codex&apos;s file holds no valid login</source>
        <translation>Codex 的文件里没有有效的登录</translation>
    </message>
    <message>
        <source>upstream refuses it</source>
        <translation>上游拒绝接受</translation>
    </message>
</context>
<context>
    <name>SignedIn</name>
    <message>
        <source>You signed in as {account}. The token “{label}” is added.</source>
        <translation>已登录 {account}，并添加了 Token“{label}”。</translation>
    </message>
    <message>
        <source>You signed in as {account} again, who is already here: the login of “{label}” is renewed.</source>
        <translation>你再次登录了 {account}，该账号已在列表中，“{label}”的登录已更新。</translation>
    </message>
    <message>
        <source>{account} is signed in again: the login of “{label}” is renewed.</source>
        <translation>{account} 已重新登录，Token“{label}”的登录信息已更新。</translation>
    </message>
    <message>
        <source>You signed in as {account}, not as “{label}”. It was added as a token of its own; the sign-in of “{label}” is still to do.</source>
        <translation>你登录的是 {account}，而不是“{label}”。它已作为单独的 Token 添加；“{label}”仍需重新登录。</translation>
    </message>
    <message>
        <source>You signed in as {account}, who is already here, but not as “{label}”, whose sign-in is still to do.</source>
        <translation>你登录的是已在列表中的 {account}；“{label}”仍需重新登录。</translation>
    </message>
    <message>
        <source>The login works, but it could not be stored yet: see that the disk has room and can be written, and leave Waystation running until then.</source>
        <translation>登录可用，但暂时无法保存：请确认磁盘有剩余空间且可写入，保存之前请让驿站保持运行。</translation>
    </message>
</context>
<context>
    <name>Sorting</name>
    <message>
        <source>Sorted by</source>
        <translation>排序方式</translation>
    </message>
    <message>
        <source>As they come</source>
        <translation>默认顺序</translation>
    </message>
    <message>
        <source>Ascending</source>
        <translation>升序</translation>
    </message>
    <message>
        <source>Descending</source>
        <translation>降序</translation>
    </message>
</context>
<context>
    <name>StepRow</name>
    <message>
        <source>Done</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一步</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>待进行</translation>
    </message>
</context>
<context>
    <name>StepsCard</name>
    <message>
        <source>First steps</source>
        <translation>开始使用</translation>
    </message>
    <message>
        <source>Sign in with ChatGPT</source>
        <translation>用 ChatGPT 登录</translation>
    </message>
    <message>
        <source>Import auth.json…</source>
        <translation>导入 auth.json…</translation>
    </message>
    <message>
        <source>Add from clipboard</source>
        <translation>从剪贴板添加</translation>
    </message>
    <message>
        <source>Copy full set-up</source>
        <translation>复制完整配置</translation>
    </message>
    <message>
        <source>Set up Codex</source>
        <translation>配置 Codex</translation>
    </message>
    <message>
        <source>Let Waystation write Codex&apos;s configuration, or paste the full set-up into your terminal; then run codex. Waiting for the first request…</source>
        <translation>让驿站写入 Codex 的配置，或把完整配置粘贴到终端，然后运行 codex。正在等待第一次请求…</translation>
    </message>
    <message>
        <source>1. Add a token</source>
        <translation>1. 添加 Token</translation>
    </message>
    <message>
        <source>2. Start the gateway</source>
        <translation>2. 启动网关</translation>
    </message>
    <message>
        <source>3. Connect Codex</source>
        <translation>3. 接入 Codex</translation>
    </message>
    <message>
        <source>Copy full set-up for {shell}</source>
        <translation>复制 {shell} 完整配置</translation>
    </message>
    <message>
        <source>A token is a ChatGPT login or an OpenAI API key; requests are answered with it. The sign-in is Waystation&apos;s own and signs nobody out. Files can also be dropped onto this window.</source>
        <translation>Token 就是一个 ChatGPT 登录或 OpenAI API 密钥，请求都用它来应答。这里的登录由驿站单独持有，不会让其他程序退出登录。也可以把文件拖到本窗口。</translation>
    </message>
    <message>
        <source>One moment…</source>
        <translation>请稍候…</translation>
    </message>
    <message>
        <source>Clients reach it at {address}.</source>
        <translation>客户端通过 {address} 访问它。</translation>
    </message>
    <message>
        <source>Start the gateway</source>
        <translation>启动网关</translation>
    </message>
</context>
<context>
    <name>Tables</name>
    <message>
        <source>Session</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>The token that serves it now, and below it its home</source>
        <translation>当前应答的 Token，下面一行是归属</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Token 用量</translation>
    </message>
    <message>
        <source>What the model read and wrote, in tokens of text</source>
        <translation>模型读取和写出的文本量，以 token 计</translation>
    </message>
    <message>
        <source>Client</source>
        <translation>客户端</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>归属</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>开始时间</translation>
    </message>
    <message>
        <source>until {time}</source>
        <extracomment>How many columns are shown by themselves. &quot;Last activity&quot; among them.</extracomment>
        <translation>至 {time}</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>候车中</translation>
    </message>
    <message>
        <source>{token}, on loan from {home} since {time}</source>
        <translation>归属 {home}，自 {time} 起暂由 {token} 应答</translation>
    </message>
    <message>
        <source>on loan; home: {home}</source>
        <translation>借用中，归属 {home}</translation>
    </message>
    <message>
        <source>from the next request: {home}</source>
        <translation>下一个请求起：{home}</translation>
    </message>
    <message>
        <source>home, pinned</source>
        <translation>归属，已固定</translation>
    </message>
    <message>
        <source>home</source>
        <translation>归属</translation>
    </message>
    <message>
        <source>began {time}</source>
        <translation>始于 {time}</translation>
    </message>
    <message>
        <source>On loan</source>
        <translation>借用中</translation>
    </message>
    <message>
        <source>Pinned</source>
        <translation>已固定</translation>
    </message>
    <message>
        <source>Pinned: it stays on its token and waits for it. Only you can move it to another.</source>
        <translation>已固定：会话留在这个 Token 上并等待它恢复，只有你能把它换到其他 Token。</translation>
    </message>
    <message>
        <source>{input} read, of which {cached} from the cache; {output} written</source>
        <translation>输入 {input}（其中缓存 {cached}），输出 {output}</translation>
    </message>
    <message>
        <source>{percent} cached</source>
        <translation>缓存 {percent}</translation>
    </message>
    <message>
        <source>License</source>
        <extracomment>Symbols of states, with their tones; the words beside them say the same.</extracomment>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Last used</source>
        <translation>最近使用</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>今日</translation>
    </message>
    <message>
        <source>Tokens of text used since midnight, and the daily budget</source>
        <translation>今日零点以来消耗的文本 token 数与每日额度</translation>
    </message>
    <message>
        <source>30 days</source>
        <translation>30 天</translation>
    </message>
    <message>
        <source>Tokens of text used in the last 30 days</source>
        <translation>最近 30 天消耗的文本 token 数</translation>
    </message>
    <message>
        <source>Expires</source>
        <translation>到期</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求数</translation>
    </message>
    <message>
        <source>At the station since {since}: every token is at its limit, the first is back at {until}.</source>
        <translation>自 {since} 起在驿站候车：所有 Token 都已达到上限，最早的一个在 {until} 恢复。</translation>
    </message>
    <message>
        <source>Last activity</source>
        <translation>最近活动</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>What is left of the quota, and when it is full again</source>
        <extracomment>Symbols of states, with their tones; the words beside them say the same.</extracomment>
        <translation>剩余额度，以及何时恢复满额</translation>
    </message>
    <message>
        <source>Left (5 h)</source>
        <translation>5 小时余量</translation>
    </message>
    <message>
        <source>Left (week)</source>
        <translation>每周余量</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>使用中</translation>
    </message>
    <message>
        <source>Sessions of the last 24 hours, and requests that run now</source>
        <translation>最近 24 小时的会话，以及正在进行的请求</translation>
    </message>
    <message>
        <source>failed at {time}</source>
        <translation>{time} 失败过</translation>
    </message>
    <message>
        <source>Time</source>
        <extracomment>A try of a turn, which the next token took over. The session&apos;s token is another one from here on. Its first turn.</extracomment>
        <translation>时间</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>事件</translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation>接口</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>结果</translation>
    </message>
    <message>
        <source>From the request&apos;s arrival to the end of the answer</source>
        <translation>从收到请求到回答结束</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>请求体</translation>
    </message>
    <message>
        <source>First byte</source>
        <translation>首字节</translation>
    </message>
    <message>
        <source>Completed</source>
        <extracomment>How many columns are shown by themselves. &quot;Time&quot; among them.</extracomment>
        <translation>已完成</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>已拒绝</translation>
    </message>
    <message>
        <source>Client left</source>
        <translation>客户端断开</translation>
    </message>
    <message>
        <source>first {time}</source>
        <translation>首字节 {time}</translation>
    </message>
    <message>
        <source>{input} in, {cached} of it cached; {output} out</source>
        <translation>输入 {input}（其中缓存 {cached}），输出 {output}</translation>
    </message>
    <message>
        <source>Total</source>
        <translation>总耗时</translation>
    </message>
    <message>
        <source>In</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>Cached</source>
        <translation>缓存</translation>
    </message>
    <message>
        <source>Out</source>
        <translation>输出</translation>
    </message>
    <message>
        <source>verbatim</source>
        <translation>原样转发</translation>
    </message>
    <message>
        <source>translated</source>
        <translation>已转换</translation>
    </message>
    <message>
        <source>Name</source>
        <extracomment>Tones of symbols that say something good or bad; the words beside them say the same.</extracomment>
        <translation>名称</translation>
    </message>
    <message>
        <source>What clients ask for</source>
        <translation>客户端请求时使用的名称</translation>
    </message>
    <message>
        <source>What OpenAI is asked for, with which effort of reasoning</source>
        <translation>实际向 OpenAI 请求的模型和推理强度</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>来源</translation>
    </message>
</context>
<context>
    <name>Templates</name>
    <message>
        <source>This holds more than {number} logins; import them in parts.</source>
        <translation>这里包含超过 {number} 个登录，请分批导入。</translation>
    </message>
    <message>
        <source>{_what} is for one login, and here are {number}. Import them without it.</source>
        <translation>名称或跟随的文件只能对应一个登录，而这里有 {number} 个。请去掉后再导入。</translation>
    </message>
    <message>
        <source>A token&apos;s name has 1 to {number} characters.</source>
        <translation>Token 的名称应为 1 到 {number} 个字符。</translation>
    </message>
    <message>
        <source>{proxy} is Waystation itself. Give the address of a proxy program.</source>
        <translation>{proxy} 就是驿站自己。请填写代理程序的地址。</translation>
    </message>
    <message>
        <source>{label} cannot serve now: {_reason}.</source>
        <translation>“{label}”目前无法使用。</translation>
    </message>
    <message>
        <source>A model&apos;s name has 1 to {number} characters and no spaces.</source>
        <translation>模型名称长 1 到 {number} 个字符，不能有空格。</translation>
    </message>
    <message>
        <source>Say which model {name} stands for: 1 to {number} characters, no spaces.</source>
        <translation>请填写 {name} 对应的模型：1 到 {number} 个字符，不能有空格。</translation>
    </message>
    <message>
        <source>{name} would stand for itself; name another model, or an effort.</source>
        <translation>{name} 不能对应它自己；请另选模型，或指定推理强度。</translation>
    </message>
    <message>
        <source>There are {number} names of your own already; remove one first.</source>
        <translation>自定义名称已有 {number} 个，请先移除一个。</translation>
    </message>
    <message>
        <source>These names would stand for each other: {names}.</source>
        <translation>这些名称会互相指向对方：{names}。</translation>
    </message>
    <message>
        <source>Nobody came back from the browser in {number} minutes. Start the sign-in again.</source>
        <translation>{number} 分钟内没有从浏览器返回。请重新开始登录。</translation>
    </message>
    <message>
        <source>Paste the whole address that the browser shows after the sign-in: {example}</source>
        <translation>请粘贴登录后浏览器显示的完整地址：{example}</translation>
    </message>
    <message>
        <source>This is the address that starts the sign-in. Open it in a browser, sign in, and paste the address that the browser shows after that: {example}</source>
        <translation>这是发起登录的地址。请在浏览器中打开并登录，然后粘贴浏览器随后显示的地址：{example}</translation>
    </message>
    <message>
        <source>{host} does not offer sign-in by device code. Sign in with the browser.</source>
        <translation>{host} 不支持设备码登录。请用浏览器登录。</translation>
    </message>
    <message>
        <source>The sign-in was refused in the browser. ({code})</source>
        <translation>登录在浏览器中被拒绝。（{code}）</translation>
    </message>
    <message>
        <source>The code is too old. Start the sign-in again. ({code})</source>
        <translation>代码已过期。请重新开始登录。（{code}）</translation>
    </message>
    <message>
        <source>Codex is not enabled for this workspace. Ask its administrator, or choose another workspace. ({code})</source>
        <translation>这个工作区没有启用 Codex。请联系管理员，或换一个工作区。（{code}）</translation>
    </message>
    <message>
        <source>The sign-in did not work in the browser. Try again. ({code})</source>
        <translation>浏览器中的登录没有成功。请重试。（{code}）</translation>
    </message>
    <message>
        <source>The login is no longer valid. Sign in again. ({code})</source>
        <translation>登录已失效。请重新登录。（{code}）</translation>
    </message>
    <message>
        <source>The login is too old. Sign in again. ({code})</source>
        <translation>登录已过期。请重新登录。（{code}）</translation>
    </message>
    <message>
        <source>The login was revoked or signed out. Sign in again. ({code})</source>
        <translation>登录已被撤销或登出。请重新登录。（{code}）</translation>
    </message>
    <message>
        <source>The login was ended. Sign in again. ({code})</source>
        <translation>登录已被终止。请重新登录。（{code}）</translation>
    </message>
    <message>
        <source>The login&apos;s refresh token was already used by another program, such as a Codex CLI that shares it. Sign in again, and give each program a sign-in of its own. ({code})</source>
        <translation>这个登录的 refresh token 已被另一个程序用掉，例如共用它的 Codex CLI。请重新登录，并让每个程序各自登录。（{code}）</translation>
    </message>
    <message>
        <source>The account is deactivated. Look at the account at chatgpt.com. ({code})</source>
        <translation>账号已被停用。请到 chatgpt.com 查看账号状态。（{code}）</translation>
    </message>
    <message>
        <source>The account is suspended. Look at the account at chatgpt.com. ({code})</source>
        <translation>账号已被封禁。请到 chatgpt.com 查看账号状态。（{code}）</translation>
    </message>
    <message>
        <source>The account was deleted. ({code})</source>
        <translation>账号已被删除。（{code}）</translation>
    </message>
    <message>
        <source>{host} does not serve the country or region that this connection comes from. The network or the proxy is the cause, not the account: the connection went without a proxy. Use another proxy, or another network.</source>
        <translation>{host} 不向当前连接所在的国家或地区提供服务。原因在网络，不在账号：这次连接没有经过代理。请使用代理，或换一个网络。</translation>
    </message>
    <message>
        <source>{host} does not serve the country or region that this connection comes from. The network or the proxy is the cause, not the account: the connection went through the proxy {proxy}. Use another proxy, or another network.</source>
        <translation>{host} 不向当前连接所在的国家或地区提供服务。原因在网络或代理，不在账号：这次连接经过代理 {proxy}。请换一个代理或网络。</translation>
    </message>
    <message>
        <source>Cloudflare, which stands before {host}, refused this connection ({status}); it went without a proxy. Wait a moment, or use another proxy or network.</source>
        <translation>{host} 前面的 Cloudflare 拒绝了这次连接（{status}），连接没有经过代理。请稍候，或换一个代理或网络。</translation>
    </message>
    <message>
        <source>Cloudflare, which stands before {host}, refused this connection ({status}); it went through the proxy {proxy}. Wait a moment, or use another proxy or network.</source>
        <translation>{host} 前面的 Cloudflare 拒绝了这次连接（{status}），连接经过代理 {proxy}。请稍候，或换一个代理或网络。</translation>
    </message>
    <message>
        <source>What came in place of an answer of {host} cannot be understood; the connection went {_way}. A page of the network (a Wi-Fi login, a company&apos;s filter) or the proxy may stand between.</source>
        <translation>收到的不是 {host} 的应答，无法识别。中间可能隔着网络的页面（Wi-Fi 认证、公司的过滤）或代理。</translation>
    </message>
    <message>
        <source>{host} asks to wait before the next {_what}.</source>
        <translation>{host} 要求稍候再试。</translation>
    </message>
    <message>
        <source>{host} has trouble of its own ({status}). Try again in a while.</source>
        <translation>{host} 自身出现故障（{status}）。请稍后重试。</translation>
    </message>
    <message>
        <source>{host} refused the {_what} ({reason}). Try again; if it stays so, sign in again.</source>
        <translation>{host} 拒绝了请求（{reason}）。请重试；若一直如此，请重新登录。</translation>
    </message>
    <message>
        <source>Waystation cannot reach the proxy {proxy} ({_reason}).{_advice}</source>
        <translation>驿站连不上代理 {proxy}。请确认它正在运行，或更改代理设置。</translation>
    </message>
    <message>
        <source>Waystation cannot find the address of the proxy {proxy}.{_advice}</source>
        <translation>驿站找不到代理 {proxy} 的地址。请检查它的名称和网络连接，或更改代理设置。</translation>
    </message>
    <message>
        <source>The proxy {proxy} does not let Waystation through to {host}: it wants the right user name and password. {_advice}</source>
        <translation>代理 {proxy} 不允许驿站访问 {host}：它要求正确的用户名和密码。请改正，或更改代理设置。</translation>
    </message>
    <message>
        <source>The proxy {proxy} does not let Waystation through to {host}: {_why}. {_advice}</source>
        <translation>代理 {proxy} 不允许驿站访问 {host}。请改正，或更改代理设置。</translation>
    </message>
    <message>
        <source>Waystation cannot find the address of {host}: check this computer&apos;s network connection and DNS.</source>
        <translation>驿站找不到 {host} 的地址。请检查本机的网络连接和 DNS。</translation>
    </message>
    <message>
        <source>The certificate that came from {_way} is not trusted. Check this computer&apos;s clock, and whether a proxy or virus scanner opens encrypted connections.</source>
        <translation>上游的证书不受信任。请检查本机时钟，以及是否有代理或杀毒软件在拆解加密连接。</translation>
    </message>
    <message>
        <source>The connection to {_way} was closed without an answer.</source>
        <translation>与上游的连接被关闭，没有收到应答。</translation>
    </message>
</context>
<context>
    <name>TextCard</name>
    <message>
        <source>Your shell</source>
        <translation>你的 Shell</translation>
    </message>
    <message>
        <source>What for</source>
        <translation>用途</translation>
    </message>
    <message>
        <source>Codex</source>
        <translation>Codex</translation>
    </message>
    <message>
        <source>Environment</source>
        <translation>环境变量</translation>
    </message>
    <message>
        <source>Environment variables</source>
        <translation>环境变量</translation>
    </message>
    <message>
        <source>curl: chat</source>
        <translation>curl：chat</translation>
    </message>
    <message>
        <source>curl: responses</source>
        <translation>curl：responses</translation>
    </message>
    <message>
        <source>For how long</source>
        <translation>有效期</translation>
    </message>
    <message>
        <source>This terminal</source>
        <translation>当前终端</translation>
    </message>
    <message>
        <source>Until its window is closed</source>
        <translation>到关闭窗口为止</translation>
    </message>
    <message>
        <source>For good</source>
        <translation>长期有效</translation>
    </message>
    <message>
        <source>In every terminal that is opened from then on</source>
        <translation>此后打开的所有终端</translation>
    </message>
    <message>
        <source>What to do</source>
        <translation>步骤</translation>
    </message>
    <message>
        <source>Full set-up</source>
        <translation>完整配置</translation>
    </message>
    <message>
        <source>The full set-up: for every Codex version, changes none of Codex&apos;s files.</source>
        <translation>完整配置：适用于所有 Codex 版本，不改动 Codex 的任何文件。</translation>
    </message>
    <message>
        <source>Copy full set-&amp;up</source>
        <translation>复制完整配置(&amp;U)</translation>
    </message>
    <message>
        <source>For Codex up to 0.118, and for other clients that read these two names.</source>
        <translation>适用于 Codex 0.118 及更早版本，以及读取这两个变量的其他客户端。</translation>
    </message>
    <message>
        <source>Copy &amp;environment variables</source>
        <translation>复制环境变量(&amp;E)</translation>
    </message>
    <message>
        <source>One request to chat/completions, to try the gateway out. The answer comes as a stream.</source>
        <translation>向 chat/completions 发送一次请求，用来试用网关。回答以流的形式返回。</translation>
    </message>
    <message>
        <source>One request to responses, the way Codex asks. The answer comes as a whole.</source>
        <translation>像 Codex 那样向 responses 发送一次请求。回答一次性返回。</translation>
    </message>
    <message>
        <source>curl command</source>
        <translation>curl 命令</translation>
    </message>
    <message>
        <source>Copy c&amp;url command</source>
        <translation>复制 curl 命令(&amp;U)</translation>
    </message>
</context>
<context>
    <name>Timeline</name>
    <message>
        <source>Request</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>{token} did not serve: {reason}</source>
        <translation>{token} 未能应答：{reason}</translation>
    </message>
    <message>
        <source>The session began on {token}</source>
        <translation>会话从 {token} 开始</translation>
    </message>
    <message>
        <source>From {before} to {token}: {reason}</source>
        <translation>{before} → {token}：{reason}</translation>
    </message>
</context>
<context>
    <name>TokenDetail</name>
    <message>
        <source>&amp;Test</source>
        <translation>测试(&amp;T)</translation>
    </message>
    <message>
        <source>Ask upstream whether it accepts this token; that costs nothing</source>
        <translation>询问上游是否接受此 Token，不消耗额度</translation>
    </message>
    <message>
        <source>&amp;Disable</source>
        <translation>停用(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;More</source>
        <translation>更多(&amp;M)</translation>
    </message>
    <message>
        <source>State of the token</source>
        <translation>Token 的状态</translation>
    </message>
    <message>
        <source>Sign in &amp;again</source>
        <translation>重新登录(&amp;A)</translation>
    </message>
    <message>
        <source>Try n&amp;ow</source>
        <translation>立即重试(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Enable</source>
        <translation>启用(&amp;E)</translation>
    </message>
    <message>
        <source>Last failure, {time}</source>
        <translation>最近一次失败：{time}</translation>
    </message>
    <message>
        <source>{what} {advice}</source>
        <translation>{what}{advice}</translation>
    </message>
    <message>
        <source>Sign in again</source>
        <translation>重新登录</translation>
    </message>
    <message>
        <source>Own proxy…</source>
        <translation>单独设置代理…</translation>
    </message>
    <message>
        <source>Test it now</source>
        <translation>现在测试</translation>
    </message>
</context>
<context>
    <name>TokenFailures</name>
    <message>
        <source>The quota was used up.</source>
        <translation>额度已用完。</translation>
    </message>
    <message>
        <source>It serves again by itself when the quota is full again.</source>
        <translation>额度恢复后会自动继续服务。</translation>
    </message>
    <message>
        <source>Upstream asked for a slower pace.</source>
        <translation>上游要求放慢速度。</translation>
    </message>
    <message>
        <source>Nothing to do: Waystation waits as long as upstream asked.</source>
        <translation>无需处理：驿站会按上游的要求等待。</translation>
    </message>
    <message>
        <source>The account has no credit, or its plan does not include this.</source>
        <translation>账号余额不足，或套餐不包含此项。</translation>
    </message>
    <message>
        <source>Look at plan and billing of the account, then test it here.</source>
        <translation>请查看账号的套餐和账单，然后在这里测试。</translation>
    </message>
    <message>
        <source>Upstream refuses this network or this country.</source>
        <translation>上游拒绝当前网络或所在地区。</translation>
    </message>
    <message>
        <source>Let this token go through another proxy, then test it.</source>
        <translation>请让此 Token 走另一个代理，然后测试。</translation>
    </message>
    <message>
        <source>OpenAI could not be reached on the way of this token.</source>
        <translation>通过此 Token 的线路连接不上 OpenAI。</translation>
    </message>
    <message>
        <source>Check the network, and whether a proxy is needed here.</source>
        <translation>请检查网络，以及这里是否需要代理。</translation>
    </message>
    <message>
        <source>It cannot be opened: the key that sealed it is gone.</source>
        <translation>无法解密：加密它的密钥已丢失。</translation>
    </message>
    <message>
        <source>Add it again.</source>
        <translation>请重新添加。</translation>
    </message>
    <message>
        <source>Upstream had trouble of its own ({code}).</source>
        <translation>上游自身出现问题（{code}）。</translation>
    </message>
    <message>
        <source>Most often it passes by itself. Test whether it has.</source>
        <translation>通常会自行恢复，可以测试一下是否已好。</translation>
    </message>
    <message>
        <source>Sign in again, or add a new key.</source>
        <translation>请重新登录，或添加新的密钥。</translation>
    </message>
    <message>
        <source>Look at the account at chatgpt.com, then sign in again.</source>
        <translation>请到 chatgpt.com 查看账号，然后重新登录。</translation>
    </message>
    <message>
        <source>Upstream does not accept it any more.</source>
        <translation>上游不再接受它。</translation>
    </message>
    <message>
        <source>Upstream does not take its login any more: {reason}.</source>
        <translation>上游不再接受它的登录：{reason}。</translation>
    </message>
</context>
<context>
    <name>TokenMenu</name>
    <message>
        <source>&amp;Sign in again…</source>
        <translation>重新登录(&amp;S)…</translation>
    </message>
    <message>
        <source>&amp;Try now</source>
        <translation>立即重试(&amp;T)</translation>
    </message>
    <message>
        <source>T&amp;est</source>
        <translation>测试(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Disable</source>
        <translation>停用(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Enable</source>
        <translation>启用(&amp;E)</translation>
    </message>
    <message>
        <source>S&amp;pare: only when the others cannot</source>
        <translation>备用：仅当其他 Token 都不可用时使用(&amp;P)</translation>
    </message>
    <message>
        <source>Move &amp;up</source>
        <translation>上移(&amp;U)</translation>
    </message>
    <message>
        <source>Move dow&amp;n</source>
        <translation>下移(&amp;N)</translation>
    </message>
    <message>
        <source>Rena&amp;me…</source>
        <translation>重命名(&amp;M)…</translation>
    </message>
    <message>
        <source>Own pro&amp;xy…</source>
        <translation>单独的代理(&amp;X)…</translation>
    </message>
    <message>
        <source>&amp;Remove</source>
        <translation>移除(&amp;R)</translation>
    </message>
    <message>
        <source>Rename token</source>
        <translation>重命名 Token</translation>
    </message>
    <message>
        <source>Name of the token:</source>
        <translation>Token 的名称：</translation>
    </message>
    <message>
        <source>Proxy of “{label}”</source>
        <translation>“{label}”的代理</translation>
    </message>
    <message>
        <source>The &amp;same way as Waystation</source>
        <translation>与驿站相同(&amp;S)</translation>
    </message>
</context>
<context>
    <name>TokenOperations</name>
    <message>
        <source>“{label}” is tried again.</source>
        <translation>“{label}”会重新尝试。</translation>
    </message>
    <message>
        <source>“{label}” is back.</source>
        <translation>“{label}”已恢复。</translation>
    </message>
    <message>
        <source>Upstream accepts “{label}”.</source>
        <translation>上游接受“{label}”。</translation>
    </message>
</context>
<context>
    <name>TokenQuota</name>
    <message>
        <source>Paid by use: no windows that run out.</source>
        <translation>按用量付费，没有会用完的窗口。</translation>
    </message>
    <message>
        <source>Upstream has not said yet how much is left.</source>
        <translation>上游尚未告知剩余多少。</translation>
    </message>
</context>
<context>
    <name>TokenWords</name>
    <message>
        <source>Sign in again: {reason}</source>
        <translation>需重新登录：{reason}</translation>
    </message>
    <message>
        <source>Spare</source>
        <translation>备用</translation>
    </message>
    <message>
        <source>Code review</source>
        <extracomment>The name that upstream itself gave in 2026 to a family of windows whose id says nothing.</extracomment>
        <translation>代码审查</translation>
    </message>
    <message>
        <source>It serves only when the others cannot.</source>
        <translation>仅在其他 Token 都不能用时才用它。</translation>
    </message>
    <message>
        <source>No request goes through it until you enable it.</source>
        <translation>启用之前，不会有请求经过它。</translation>
    </message>
    <message>
        <source>The key that sealed its login is gone. Add the same login again, and it is as before.</source>
        <translation>加密其登录信息的密钥已丢失。重新添加同一登录即可复原。</translation>
    </message>
    <message>
        <source>Upstream does not take this key any more. Add a new one.</source>
        <translation>上游不再接受此密钥，请添加新的密钥。</translation>
    </message>
    <message>
        <source>Only a new sign-in helps. Its name, order and sessions stay as they are.</source>
        <translation>只能重新登录；名称、顺序和会话都保持不变。</translation>
    </message>
    <message>
        <source>Its sessions go on with other tokens meanwhile. It serves again by itself.</source>
        <translation>在此期间，它的会话由其他 Token 继续；到时会自动恢复。</translation>
    </message>
    <message>
        <source>It failed several times in a row, so it rests for a moment. It is tried again by itself.</source>
        <translation>它连续失败了几次，先歇一会儿，稍后会自动重试。</translation>
    </message>
    <message>
        <source>Upstream does not let this account do this now. Look at its plan and its billing.</source>
        <translation>上游目前不允许此账号使用，请查看账号的套餐和账单。</translation>
    </message>
    <message>
        <source>{state} · spare</source>
        <translation>{state} · 备用</translation>
    </message>
    <message>
        <source>API key refused: {reason}</source>
        <translation>API 密钥被拒：{reason}</translation>
    </message>
    <message>
        <source>Spare: it serves only when the others cannot.</source>
        <translation>备用：仅当其他 Token 都不可用时才使用。</translation>
    </message>
    <message>
        <source>Upstream&apos;s code: {code}</source>
        <translation>上游给出的代码：{code}</translation>
    </message>
    <message>
        <source>Its own way to upstream: {proxy}</source>
        <translation>单独的上游通道：{proxy}</translation>
    </message>
    <message>
        <source>no proxy</source>
        <translation>不使用代理</translation>
    </message>
    <message>
        <source>Credits: {balance}</source>
        <translation>额外点数：{balance}</translation>
    </message>
    <message>
        <source>As upstream said at {time}</source>
        <translation>上游在 {time} 给出的数据</translation>
    </message>
    <message>
        <source>At its limit until {time}</source>
        <translation>已达上限，{time} 恢复</translation>
    </message>
    <message>
        <source>Asked to slow down until {time}</source>
        <translation>被要求放慢，至 {time}</translation>
    </message>
    <message>
        <source>Resting until {time}</source>
        <translation>冷却至 {time}</translation>
    </message>
    <message>
        <source>No credit, or not in its plan; tried again at {time}</source>
        <translation>没有额度或套餐不含，{time} 再试</translation>
    </message>
    <message>
        <source>{window}: {percent} left</source>
        <translation>{window}：剩余 {percent}</translation>
    </message>
    <message>
        <source>{line}, full again at {time}</source>
        <translation>{line}，{time} 恢复满额</translation>
    </message>
    <message>
        <source>{hours} h</source>
        <translation>{hours} 小时</translation>
    </message>
    <message>
        <source>{days} d</source>
        <translation>{days} 天</translation>
    </message>
</context>
<context>
    <name>TokensPage</name>
    <message>
        <source>Tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>&amp;Add token</source>
        <translation>添加 Token(&amp;A)</translation>
    </message>
    <message>
        <source>No token yet</source>
        <translation>还没有 Token</translation>
    </message>
    <message>
        <source>A token is a ChatGPT login or an OpenAI API key. Waystation answers your clients with it. Sign in with your ChatGPT account; the sign-in is Waystation&apos;s own and signs nobody out. You can also import auth.json files, drop them onto this window, or copy an access token or a key and add it from the clipboard.</source>
        <translation>Token 就是一个 ChatGPT 登录或 OpenAI API 密钥，驿站用它来应答你的客户端。用你的 ChatGPT 账号登录即可；这是驿站自己的登录，不会让别处登出。也可以导入 auth.json 文件、把文件拖到这个窗口里，或复制 access token 或密钥后从剪贴板添加。</translation>
    </message>
    <message>
        <source>Add from &amp;clipboard</source>
        <translation>从剪贴板添加(&amp;C)</translation>
    </message>
    <message>
        <source>Sign in with Chat&amp;GPT</source>
        <translation>用 ChatGPT 登录(&amp;G)</translation>
    </message>
    <message>
        <source>Other &amp;ways</source>
        <translation>其他方式(&amp;W)</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Waystation (practice)</source>
        <translation>驿站 Waystation（练习模式）</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Add from the clipboard</source>
        <translation>从剪贴板添加</translation>
    </message>
    <message>
        <source>Add from auth.json files…</source>
        <translation>从 auth.json 文件添加…</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Waystation</source>
        <translation>驿站 Waystation</translation>
    </message>
    <message>
        <source>Copy environment variables</source>
        <translation>复制环境变量</translation>
    </message>
    <message>
        <source>Copy full set-up</source>
        <translation>复制完整配置</translation>
    </message>
    <message>
        <source>Sign in with ChatGPT…</source>
        <translation>用 ChatGPT 登录…</translation>
    </message>
    <message>
        <source>Wait overnight when all tokens are at their limit</source>
        <translation>所有 Token 都到上限时通宵候车</translation>
    </message>
    <message>
        <source>Open window</source>
        <translation>打开窗口</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Start at sign-in</source>
        <translation>登录系统时启动</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Start at sign-in (now another copy)</source>
        <translation>登录时启动（目前是另一份程序）</translation>
    </message>
    <message>
        <source>Start at sign-in (now with other options)</source>
        <translation>登录时启动（目前用的是其他选项）</translation>
    </message>
    <message>
        <source>Sessions: {number} active</source>
        <translation>会话：{number} 个活跃</translation>
    </message>
    <message>
        <source>{percent} left</source>
        <translation>剩余 {percent}</translation>
    </message>
    <message>
        <source>{percent} left · resets {time}</source>
        <translation>剩余 {percent} · {time} 重置</translation>
    </message>
</context>
<context>
    <name>TurnWords</name>
    <message>
        <source>The client ended the connection before the answer was whole, as Esc does in Codex.</source>
        <translation>回答尚未完成，客户端就断开了连接，例如在 Codex 里按了 Esc。</translation>
    </message>
    <message>
        <source>Nothing was sent upstream.</source>
        <translation>没有向上游发送任何内容。</translation>
    </message>
    <message>
        <source>Verbatim: upstream got exactly the bytes that the client sent. Both hashes are equal.</source>
        <translation>原样转发：上游收到的与客户端发送的逐字节相同，两个哈希一致。</translation>
    </message>
    <message>
        <source>Not verbatim: the body was changed on its way up, as said here.</source>
        <translation>非原样：请求体在转发时有改动，如下所列。</translation>
    </message>
    <message>
        <source>waited {time}</source>
        <translation>等待 {time}</translation>
    </message>
    <message>
        <source>{token}: {reason}, after {time}</source>
        <translation>{token}：{reason}，用时 {time}</translation>
    </message>
</context>
<context>
    <name>UndoDialog</name>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>&amp;Take it back</source>
        <translation>撤销写入(&amp;T)</translation>
    </message>
    <message>
        <source>Takes out what Waystation wrote and puts back what stood there. Whatever else you have changed since stays as it is.</source>
        <translation>删去驿站写入的内容，恢复原样；写入之后你自己做的其他改动保持不变。</translation>
    </message>
    <message>
        <source>It is taken back. One step is left; the page says which.</source>
        <translation>已撤销。还剩一步，请看页面上的说明。</translation>
    </message>
    <message>
        <source>It is taken back: Codex goes where it went before.</source>
        <translation>已撤销：Codex 恢复到原来的去向。</translation>
    </message>
    <message>
        <source>These say something else by now, so they stay: {keys}.</source>
        <translation>这些内容已被改成别的，因此保留：{keys}。</translation>
    </message>
    <message>
        <source>No file would change.</source>
        <translation>没有文件需要改动。</translation>
    </message>
</context>
<context>
    <name>UndoNotices</name>
    <message>
        <source>“{label}” is removed. Its sessions go on with other tokens.</source>
        <translation>“{label}”已移除，它的会话改由其他 Token 继续。</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
</context>
<context>
    <name>UpdateOperations</name>
    <message>
        <source>No program opened the page. It is {address}</source>
        <extracomment>The group of what is chosen, and that of the question itself, which may take a while.</extracomment>
        <translation>没有程序能打开该页面。它的地址是 {address}</translation>
    </message>
</context>
<context>
    <name>Updates</name>
    <message>
        <source>Waystation {version} is out. The overview says what is new.</source>
        <translation>驿站 {version} 已发布。更新内容见“概览”页。</translation>
    </message>
    <message>
        <source>Practice stays on this computer, so it asks nobody for new versions.</source>
        <translation>练习模式不离开这台电脑，因此不会检查新版本。</translation>
    </message>
    <message>
        <source>This build of Waystation knows of no place to ask. Enter the address of a release feed.</source>
        <translation>这一版驿站没有自带更新源，无处可查。请填写更新源地址。</translation>
    </message>
    <message>
        <source>Asking {host}…</source>
        <translation>正在查询 {host}…</translation>
    </message>
    <message>
        <source>Version {version} is out. You have put it aside.</source>
        <translation>新版本 {version} 已发布，你已选择忽略它。</translation>
    </message>
    <message>
        <source>This is the newest version, {version}. Asked at {time}.</source>
        <translation>已是最新版本 {version}。检查时间：{time}。</translation>
    </message>
    <message>
        <source>This is version {version}. Nobody has been asked yet whether there is a newer one.</source>
        <translation>当前版本是 {version}，还没有检查过有没有新版本。</translation>
    </message>
    <message>
        <source>Version {version} is out. This is {running}.</source>
        <translation>新版本 {version} 已发布，当前是 {running}。</translation>
    </message>
    <message>
        <source>Version {version} came out on {date}. This is {running}.</source>
        <translation>新版本 {version} 已于 {date} 发布，当前是 {running}。</translation>
    </message>
</context>
<context>
    <name>UpdatesCard</name>
    <message>
        <source>About new versions</source>
        <translation>关于新版本</translation>
    </message>
    <message>
        <source>Check once a day</source>
        <translation>每天检查一次</translation>
    </message>
    <message>
        <source>No</source>
        <translation>不用了</translation>
    </message>
    <message>
        <source>Do not check for new versions</source>
        <translation>不检查新版本</translation>
    </message>
    <message>
        <source>What is new</source>
        <translation>更新内容</translation>
    </message>
    <message>
        <source>Waystation can ask {host} once a day whether there is a new version. That host learns this computer&apos;s address on the internet and the version of Waystation, nothing else. Nothing is downloaded or installed by itself.</source>
        <translation>驿站可以每天向 {host} 查询一次有没有新版本。对方只会得知这台电脑的公网地址和驿站的版本号，别无其他。驿站不会自行下载或安装任何东西。</translation>
    </message>
</context>
<context>
    <name>UpdatesSection</name>
    <message>
        <source>New versions</source>
        <translation>新版本</translation>
    </message>
    <message>
        <source>Whether there is a new version</source>
        <translation>是否有新版本</translation>
    </message>
    <message>
        <source>Check now</source>
        <translation>立即检查</translation>
    </message>
    <message>
        <source>Show it after all</source>
        <translation>仍要查看</translation>
    </message>
    <message>
        <source>Check once a day</source>
        <translation>每天检查一次</translation>
    </message>
    <message>
        <source>Use this feed</source>
        <translation>使用此更新源</translation>
    </message>
    <message>
        <source>Release feed:</source>
        <translation>更新源：</translation>
    </message>
    <message>
        <source>Nothing is ever downloaded or installed by itself.</source>
        <translation>驿站从不自行下载或安装任何东西。</translation>
    </message>
    <message>
        <source>{host} is asked, by the same way and proxy as OpenAI. It learns this computer&apos;s address on the internet and the version of Waystation, nothing else. Nothing is downloaded or installed by itself.</source>
        <translation>检查时会访问 {host}，线路和代理与访问 OpenAI 时相同。对方只会得知这台电脑的公网地址和驿站的版本号，别无其他。驿站不会自行下载或安装任何东西。</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>ChatGPT login</source>
        <translation>ChatGPT 登录</translation>
    </message>
    <message>
        <source>API key</source>
        <translation>API 密钥</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>可用</translation>
    </message>
    <message>
        <source>Disabled</source>
        <translation>已停用</translation>
    </message>
    <message>
        <source>Resting</source>
        <translation>冷却中</translation>
    </message>
    <message>
        <source>Sealed: add it again</source>
        <translation>无法解密，请重新添加</translation>
    </message>
    <message>
        <source>Sign in again</source>
        <translation>重新登录</translation>
    </message>
    <message>
        <source>API key {number}</source>
        <translation>API 密钥 {number}</translation>
    </message>
    <message>
        <source>bash (Linux, older macOS)</source>
        <translation>bash（Linux、旧版 macOS）</translation>
    </message>
    <message>
        <source>zsh (macOS, Linux)</source>
        <translation>zsh（macOS、Linux）</translation>
    </message>
    <message>
        <source>fish (Linux, macOS)</source>
        <translation>fish（Linux、macOS）</translation>
    </message>
    <message>
        <source>WSL: Codex in Linux, Waystation in Windows</source>
        <translation>WSL：Codex 在 Linux 中，驿站在 Windows 中</translation>
    </message>
    <message>
        <source>Laptop</source>
        <translation>笔记本电脑</translation>
    </message>
    <message>
        <source>Night job</source>
        <translation>夜间任务</translation>
    </message>
    <message>
        <source>{name} (practice)</source>
        <translation>{name}（练习）</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>本机</translation>
    </message>
    <message>
        <source>API key refused</source>
        <translation>API 密钥被拒</translation>
    </message>
    <message>
        <source>Answering</source>
        <translation>应答中</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>空闲</translation>
    </message>
    <message>
        <source>completed</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>已拒绝</translation>
    </message>
    <message>
        <source>client left</source>
        <translation>客户端断开</translation>
    </message>
    <message>
        <source>Practice: everything is gone when it ends</source>
        <translation>练习：结束后一切都会清除</translation>
    </message>
    <message>
        <source>Secrets are sealed by a key in the system&apos;s keyring</source>
        <translation>机密数据由系统密钥环中的密钥加密</translation>
    </message>
    <message>
        <source>Secrets are sealed by a key file (weaker)</source>
        <translation>机密数据由密钥文件加密（安全性较低）</translation>
    </message>
    <message>
        <source>Secrets are forgotten when Waystation quits</source>
        <translation>机密数据仅保存在内存中，退出后清除</translation>
    </message>
    <message>
        <source>PowerShell (Windows)</source>
        <translation>PowerShell（Windows）</translation>
    </message>
    <message>
        <source>cmd (Windows)</source>
        <translation>cmd（Windows）</translation>
    </message>
</context>
<context>
    <name>WriteCard</name>
    <message>
        <source>Write it for me</source>
        <extracomment>Lists the conversations that were begun before, in the versions that list those of one provider.</extracomment>
        <translation>自动写入</translation>
    </message>
    <message>
        <source>What was written</source>
        <translation>已写入的内容</translation>
    </message>
    <message>
        <source>U&amp;ndo…</source>
        <translation>撤销(&amp;N)…</translation>
    </message>
    <message>
        <source>Where are my earlier conversations?</source>
        <translation>以前的对话在哪里？</translation>
    </message>
    <message>
        <source>Written for you</source>
        <translation>已写入</translation>
    </message>
    <message>
        <source>&amp;Write it again…</source>
        <translation>重新写入(&amp;W)…</translation>
    </message>
    <message>
        <source>&amp;Write it for me…</source>
        <translation>自动写入(&amp;W)…</translation>
    </message>
    <message>
        <source>Chan&amp;ge…</source>
        <translation>更改(&amp;G)…</translation>
    </message>
    <message>
        <source>In practice Codex&apos;s own files are not written. Copy a text instead: it holds in one terminal.</source>
        <translation>练习模式不会写入 Codex 自己的文件。请复制文本：它只在一个终端里有效。</translation>
    </message>
    <message>
        <source>Waystation adds a few lines to Codex&apos;s config.toml and shows each of them before. All else in it stays, the license is kept in a file that only you can read, and one click takes it back.</source>
        <translation>驿站会在 Codex 的 config.toml 中加几行，写入前逐行给你看。其余内容保持不变，许可证保存在只有你能读取的文件里，一键即可撤销。</translation>
    </message>
    <message>
        <source>{path} was written at {time}, but does not say so any more: somebody has changed it since.</source>
        <translation>{path} 已于 {time} 写入，但后来被改动，内容已经不是那样了。</translation>
    </message>
    <message>
        <source>{path} leads to {address}, but the gateway is at {base_url} now.</source>
        <translation>{path} 指向 {address}，而网关现在的地址是 {base_url}。</translation>
    </message>
    <message>
        <source>{path} was written at {time}, but this computer has got another license since.</source>
        <translation>{path} 已于 {time} 写入，但这台电脑后来换了许可证。</translation>
    </message>
    <message>
        <source>{path} was written at {time}: {way}.</source>
        <translation>{path} 已于 {time} 写入：{way}。</translation>
    </message>
    <message>
        <source>One step is left. Run this once; it saves the license as Codex&apos;s login:</source>
        <translation>还剩一步：请运行一次下面的命令，它会把许可证保存为 Codex 的登录：</translation>
    </message>
    <message>
        <source>One step is left. Run this once, so that Codex no longer has the license:</source>
        <translation>还剩一步：请运行一次下面的命令，让 Codex 不再保存许可证：</translation>
    </message>
    <message>
        <source>Then restart Codex&apos;s background server, which keeps the license of before:</source>
        <translation>然后重启 Codex 的后台服务，它还在用之前的许可证：</translation>
    </message>
    <message>
        <source>One step is left. Restart Codex&apos;s background server, which keeps the license of before:</source>
        <translation>还差一步：重启 Codex 的后台服务，它还在用之前的许可证：</translation>
    </message>
    <message>
        <source>They are all there: codex resume lists them.</source>
        <translation>都还在：codex resume 会列出它们。</translation>
    </message>
    <message>
        <source>They are all there: codex resume lists them, and goes on with any through Waystation.</source>
        <translation>都还在：codex resume 会列出它们，并可通过驿站继续任意一个。</translation>
    </message>
</context>
<context>
    <name>WriteDialog</name>
    <message>
        <source>Write it for me</source>
        <translation>自动写入</translation>
    </message>
    <message>
        <source>&amp;Write</source>
        <translation>写入(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;Own provider (recommended)</source>
        <translation>独立提供商（推荐）(&amp;O)</translation>
    </message>
    <message>
        <source>Codex&apos;s own &amp;provider, at the gateway&apos;s address (openai_base_url)</source>
        <translation>Codex 自带的提供商，改用网关地址（openai_base_url）(&amp;P)</translation>
    </message>
    <message>
        <source>It is written. One step is left; the page says which.</source>
        <translation>已写入。还剩一步，请看页面上的说明。</translation>
    </message>
    <message>
        <source>It is written. Start codex anew, in any terminal.</source>
        <translation>已写入。请在任意终端重新启动 codex。</translation>
    </message>
    <message>
        <source>Nothing would change: all of this is written already.</source>
        <translation>无需改动：这些内容都已写入。</translation>
    </message>
    <message>
        <source>Adds a provider named Waystation and chooses it. Works with every Codex from 0.42 on. codex resume then lists the conversations that are begun this way; earlier ones are not lost.</source>
        <translation>添加名为 Waystation 的提供商并选用它，0.42 及以后的 Codex 均可用。codex resume 会列出此后的对话；以前的对话不会丢失。</translation>
    </message>
    <message>
        <source>Needs Codex 0.120 or newer; the version here is not known.</source>
        <translation>需要 Codex 0.120 或更新版本；这里的版本未知。</translation>
    </message>
    <message>
        <source>Needs Codex 0.120 or newer; here is {version}.</source>
        <translation>需要 Codex 0.120 或更新版本；这里是 {version}。</translation>
    </message>
    <message>
        <source>One line, and codex resume goes on listing all conversations. But codex login has to save your license in place of the login that Codex has now.</source>
        <translation>只加一行，codex resume 照旧列出所有对话。但需要用 codex login 保存许可证，取代 Codex 现有的登录。</translation>
    </message>
</context>
<context>
    <name>_Ended</name>
    <message>
        <source>Done</source>
        <translation>完成</translation>
    </message>
</context>
<context>
    <name>_SearchEntry</name>
    <message>
        <source>Clear the search</source>
        <translation>清空搜索</translation>
    </message>
</context>
<context>
    <name>widget</name>
    <message>
        <source>Windows may ask whether its firewall shall let Waystation through: choose private networks only.</source>
        <translation>Windows 防火墙可能会询问是否允许驿站通过：请只勾选专用网络。</translation>
    </message>
    <message>
        <source>macOS may ask whether Waystation may accept incoming connections: allow it.</source>
        <translation>macOS 可能会询问是否允许驿站接受传入连接：请选择允许。</translation>
    </message>
    <message>
        <source>A firewall on this computer, such as ufw, must let the port through.</source>
        <translation>如果本机启用了防火墙（例如 ufw），需要放行此端口。</translation>
    </message>
</context>
</TS>
