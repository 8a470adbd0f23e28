<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
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
        <source>Sign in with an own login</source>
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
        <source>Its refresh token can be used only once: whoever renews the login first, Waystation or Codex, signs the other out. With an own login both go on; if Waystation follows {path}, only Codex renews it.</source>
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
    <name>Counts</name>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n 个 Token</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n live session(s)</source>
        <translation>
            <numerusform>%n 个活跃会话</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n request(s) running</source>
        <translation>
            <numerusform>%n 个请求进行中</numerusform>
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
        <source>%n token(s) need a new sign-in.</source>
        <translation>
            <numerusform>%n 个 Token 需要重新登录。</numerusform>
        </translation>
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
        <source>%n request(s) are still running. Quit anyway?</source>
        <translation>
            <numerusform>还有 %n 个请求正在进行，仍要退出吗？</numerusform>
        </translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Their clients will see a broken answer.</source>
        <translation>这些请求的客户端收到的回答会中断。</translation>
    </message>
    <message>
        <source>Waystation keeps running in the tray. To end it, choose Quit in the menu there.</source>
        <translation>驿站仍在托盘中运行。要结束它，请在托盘菜单中选择“退出”。</translation>
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
    <name>Held</name>
    <message>
        <source>{number} waiting until {time}</source>
        <translation>{number} 个请求候车至 {time}</translation>
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
    <name>LicensesPage</name>
    <message>
        <source>Licenses</source>
        <translation>许可证</translation>
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
        <source>This desktop shows no tray icons, so Waystation lives in this window: closing it minimises it, Ctrl+Q quits.</source>
        <translation>当前桌面不显示托盘图标，驿站将保留此窗口：关闭窗口会将其最小化，按 Ctrl+Q 退出。</translation>
    </message>
    <message>
        <source>The address is copied.</source>
        <translation>地址已复制。</translation>
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
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Close this notice</source>
        <translation>关闭此提示</translation>
    </message>
</context>
<context>
    <name>Operations</name>
    <message>
        <source>The environment variables for {shell} are copied, with your license. From Codex 0.120 on they are not enough, and other programs may send the license to api.openai.com: use the full set-up.</source>
        <translation>已复制 {shell} 环境变量（包含你的许可证）。从 Codex 0.120 起，仅有环境变量还不够，其他程序也可能把许可证发往 api.openai.com，请使用完整配置。</translation>
    </message>
    <message>
        <source>The full set-up for {shell} is copied, with your license. Paste it and run codex.</source>
        <translation>已复制 {shell} 完整配置（包含你的许可证）。粘贴到终端后运行 codex 即可。</translation>
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
</context>
<context>
    <name>OverviewPage</name>
    <message>
        <source>Overview</source>
        <translation>概览</translation>
    </message>
</context>
<context>
    <name>PoolBar</name>
    <message>
        <source>balanced: most quota left first</source>
        <translation>均衡：优先用余量最多的</translation>
    </message>
    <message>
        <source>in order: the first until it is spent</source>
        <translation>按顺序：用完一个再用下一个</translation>
    </message>
    <message>
        <source>How the token of a new session is chosen</source>
        <translation>新会话如何选用 Token</translation>
    </message>
    <message>
        <source>How long a request of Codex waits at the station when every token is at its limit</source>
        <translation>所有 Token 都达到上限时，Codex 的请求在驿站候车多久</translation>
    </message>
    <message>
        <source>C&amp;hoice:</source>
        <translation>选用方式(&amp;H)：</translation>
    </message>
    <message>
        <source>At the limit, wa&amp;it:</source>
        <translation>全部到上限时候车(&amp;I)：</translation>
    </message>
    <message>
        <source>not at all</source>
        <translation>不候车</translation>
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
        <source>as the system says</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Prox&amp;y: {proxy}…</source>
        <translation>代理(&amp;Y)：{proxy}…</translation>
    </message>
    <message>
        <source>Proxy of Waystation</source>
        <translation>驿站的代理</translation>
    </message>
    <message>
        <source>As the &amp;system or HTTPS_PROXY says</source>
        <translation>跟随系统或 HTTPS_PROXY(&amp;S)</translation>
    </message>
</context>
<context>
    <name>PoolOperations</name>
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
        <source>“{label}” needs a new sign-in: {reason}.</source>
        <translation>“{label}”需要重新登录：{reason}。</translation>
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
    <name>RequestsPage</name>
    <message>
        <source>Last requests</source>
        <translation>最近的请求</translation>
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
        <source>The last 200 requests, the newest first. What was said is never kept.</source>
        <translation>最近 200 个请求，最新的在最前。对话内容从不保存。</translation>
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
        <source>&amp;Waiting…</source>
        <translation>候车(&amp;W)…</translation>
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
    <message>
        <source>&amp;Move to</source>
        <translation>改用(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;Give up waiting</source>
        <translation>放弃候车(&amp;G)</translation>
    </message>
</context>
<context>
    <name>SetUpPage</name>
    <message>
        <source>&amp;Your shell:</source>
        <translation>你的 shell(&amp;Y)：</translation>
    </message>
    <message>
        <source>Copy full set-&amp;up</source>
        <translation>复制完整配置(&amp;U)</translation>
    </message>
    <message>
        <source>Copy &amp;environment variables</source>
        <translation>复制环境变量(&amp;E)</translation>
    </message>
    <message>
        <source>Full set-up</source>
        <translation>完整配置</translation>
    </message>
    <message>
        <source>Environment variables</source>
        <translation>环境变量</translation>
    </message>
    <message>
        <source>Notes on the full set-up</source>
        <translation>完整配置的说明</translation>
    </message>
    <message>
        <source>Notes on the environment variables</source>
        <translation>环境变量的说明</translation>
    </message>
    <message>
        <source>Copy a text, paste it into your terminal, then run codex there.</source>
        <translation>复制配置，粘贴到终端，然后在同一个终端里运行 codex。</translation>
    </message>
    <message>
        <source>Full set-up: for every Codex version, changes no file (recommended)</source>
        <translation>完整配置：适用于各个 Codex 版本，不修改任何文件（推荐）</translation>
    </message>
    <message>
        <source>Environment variables: for Codex up to 0.118 and other clients</source>
        <translation>环境变量：适用于 Codex 0.118 及更早版本和其他客户端</translation>
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
    <name>Tables</name>
    <message>
        <source>Session</source>
        <translation>会话</translation>
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
        <source>Waiting until {time}</source>
        <translation>候车至 {time}</translation>
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
        <source>{token}, on loan from {home}</source>
        <translation>归属 {home}，暂由 {token} 应答</translation>
    </message>
    <message>
        <source>Label</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>What is left of the quota, and when it is full again</source>
        <translation>剩余额度，以及何时恢复满额</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>账号</translation>
    </message>
    <message>
        <source>Plan</source>
        <translation>套餐</translation>
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
        <source>Login until</source>
        <translation>登录有效至</translation>
    </message>
    <message>
        <source>Waystation renews a ChatGPT login before it ends</source>
        <translation>ChatGPT 登录到期前，驿站会自动续期</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话数</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>进行中</translation>
    </message>
    <message>
        <source>An API key does not expire.</source>
        <translation>API 密钥不会过期。</translation>
    </message>
    <message>
        <source>Codex renews this login; it is read from {path}</source>
        <translation>由 Codex 续期，从 {path} 读取</translation>
    </message>
    <message>
        <source>Renewed at {time}</source>
        <translation>续期于 {time}</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>时间</translation>
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
        <source>Body</source>
        <translation>请求体</translation>
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
        <source>In</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>What the model read, in tokens of text</source>
        <translation>模型读取的文本量（按 token 计）</translation>
    </message>
    <message>
        <source>The part of it that came from the prompt cache</source>
        <translation>其中来自提示词缓存的部分</translation>
    </message>
    <message>
        <source>What the model wrote, its reasoning included</source>
        <translation>模型输出的文本量（含推理，按 token 计）</translation>
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
        <source>Nothing was sent upstream.</source>
        <translation>没有向上游发送任何内容。</translation>
    </message>
    <message>
        <source>verbatim</source>
        <translation>原样转发</translation>
    </message>
    <message>
        <source>translated</source>
        <translation>已转换</translation>
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
        <source>&amp;Remove…</source>
        <translation>移除(&amp;R)…</translation>
    </message>
    <message>
        <source>Remove token</source>
        <translation>移除 Token</translation>
    </message>
    <message>
        <source>Remove the token “{label}”?</source>
        <translation>要移除 Token“{label}”吗？</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Its credentials are deleted from this computer. Its sessions go on with another token. The account itself is not touched.</source>
        <translation>它的凭据会从本机删除，它的会话会改用其他 Token。账号本身不受影响。</translation>
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
        <source>Upstream accepts “{label}”.</source>
        <translation>上游接受“{label}”。</translation>
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
        <source>{state} · spare</source>
        <translation>{state} · 备用</translation>
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
        <source>{window}: {percent} % left</source>
        <translation>{window}：剩余 {percent} %</translation>
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
        <source>&amp;Disable</source>
        <translation>停用(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;More</source>
        <translation>更多(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;Remove…</source>
        <translation>移除(&amp;R)…</translation>
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
        <source>Sign in with a &amp;device code</source>
        <translation>用设备码登录(&amp;D)</translation>
    </message>
    <message>
        <source>Sign in &amp;again</source>
        <translation>重新登录(&amp;A)</translation>
    </message>
    <message>
        <source>Add from &amp;clipboard</source>
        <translation>从剪贴板添加(&amp;C)</translation>
    </message>
    <message>
        <source>Try n&amp;ow</source>
        <translation>立即重试(&amp;O)</translation>
    </message>
    <message>
        <source>Sign in with Chat&amp;GPT</source>
        <translation>用 ChatGPT 登录(&amp;G)</translation>
    </message>
    <message>
        <source>Other &amp;ways</source>
        <translation>其他方式(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;Import auth.json…</source>
        <translation>导入 auth.json(&amp;I)…</translation>
    </message>
    <message>
        <source>&amp;Enable</source>
        <translation>启用(&amp;E)</translation>
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
        <source>Add token</source>
        <translation>添加 Token</translation>
    </message>
    <message>
        <source>Sign in with ChatGPT…</source>
        <translation>用 ChatGPT 登录…</translation>
    </message>
    <message>
        <source>From the clipboard</source>
        <translation>从剪贴板</translation>
    </message>
    <message>
        <source>From auth.json files…</source>
        <translation>从 auth.json 文件…</translation>
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
        <source>Quit</source>
        <translation>退出</translation>
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
        <source>{name} (practice)</source>
        <translation>{name}（练习）</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>本机</translation>
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
        <source>bash or zsh (Linux, macOS)</source>
        <translation>bash 或 zsh（Linux、macOS）</translation>
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
    <name>_Ended</name>
    <message>
        <source>Done</source>
        <translation>完成</translation>
    </message>
</context>
</TS>
